/** The checks that are no tests: types, and lint with format. For `npm run check` and `npm test`. */
import { spawn } from 'node:child_process';
import { inProject, projectRoot } from './project.ts';

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
