/** Entry of the `millrace` command: this process's streams, environment and exit code. */
import packageFile from '../../package.json' with { type: 'json' };
import { runCommand } from './program.ts';

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
