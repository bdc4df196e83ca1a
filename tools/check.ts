/** `npm run check`: types, lint and format, then the tests of the project's own rules. `npm test` calls the first two itself. */
import { spawn } from 'node:child_process';
import { inProject, isEntry, projectRoot } from './project.ts';

export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
  readonly output: string;
  readonly durationMs: number;
}

/** Runs a program of the project on this Node and keeps what it says. */
function runCheck(name: string, program: string, args: readonly string[]): Promise<CheckResult> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [inProject('node_modules', program), ...args], { cwd: projectRoot });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const end = (passed: boolean): void => resolve({ name, passed, output, durationMs: performance.now() - startedMs });
    child.on('error', (error) => {
      output += error.message;
      end(false);
    });
    child.on('close', (code) => end(code === 0));
  });
}

/** Types, and lint with format. Never throws: a check that could not run has failed. */
export function runChecks(): Promise<CheckResult[]> {
  return Promise.all([
    runCheck('types (tsc)', 'typescript/bin/tsc', ['--noEmit']),
    runCheck('lint and format (biome)', '@biomejs/biome/bin/biome', ['check', '--error-on-warnings']),
  ]);
}

/** One line a check, and the output of those that failed. */
export function tellChecks(results: readonly CheckResult[], say: (text: string) => void): void {
  for (const { name, passed, output, durationMs } of results) {
    say(`${passed ? '✓' : '✗'} ${name} ${(durationMs / 1_000).toFixed(1)} s`);
    if (!passed) say(output.trimEnd());
  }
}

if (isEntry(import.meta.filename)) {
  const results = await runChecks();
  tellChecks(results, (text) => process.stdout.write(`${text}\n`));
  const { runTests } = await import('./test.ts');
  const rulesHold = await runTests({ projects: ['unit'], filters: ['test/repo'], checks: results });
  process.exit(rulesHold ? 0 : 1);
}
