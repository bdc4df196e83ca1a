/** Entry of the `millrace` command: this process's streams, environment and exit code. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import packageFile from '../../package.json' with { type: 'json' };

// Stripping and compiling the sources is most of a start's time. The cache holds code, so it lies with the code, where only its owner
// writes, and not in Node's default place in the folder for temporary files; where nobody may write there is none.
enableCompileCache(join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'millrace'));
const { runCommand } = await import('./program.ts');

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCommand(
  process.argv.slice(2),
  { terminal: { out: process.stdout, err: process.stderr }, environment: process.env },
  packageFile.version,
);
