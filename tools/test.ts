/**
 * `npm test [-- paths and names of tests]`: types, lint, builds, then every test, one project after the other. Ends with each skipped
 * test and its reason, and the line `N passed, N failed, N skipped`. `--long` runs the long ones instead.
 *
 * Under `CI=true` a skip that begins with "needs", or does not say why, counts as a failure: there, everything needed is there.
 */
import { styleText } from 'node:util';
import type { TestCase, TestModule, Vitest } from 'vitest/node';
import { type CheckResult, runChecks, tellChecks } from './checks.ts';
import { isEntry, projectRoot } from './project.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Skipped {
  readonly title: string;
  readonly reason: string | undefined;
}

interface Summary {
  passed: number;
  failures: string[];
  skipped: Skipped[];
}

const titleOf = (test: TestCase): string => `${test.module.relativeModuleId} > ${test.fullName}`;

function countModule(module: TestModule, summary: Summary): void {
  // A file that could not be loaded, or whose hooks failed, has no failing test of its own.
  if (module.state() === 'failed' && module.errors().length > 0) {
    summary.failures.push(`${module.relativeModuleId}: ${module.errors()[0]?.message ?? 'could not be run'}`);
  }
  for (const suite of module.children.allSuites()) {
    for (const error of suite.errors())
      summary.failures.push(`${module.relativeModuleId} > ${suite.fullName}: ${error.message}`);
  }
  for (const test of module.children.allTests()) {
    const result = test.result();
    if (result.state === 'passed') summary.passed++;
    else if (result.state === 'skipped') summary.skipped.push({ title: titleOf(test), reason: result.note });
    else summary.failures.push(titleOf(test));
  }
}

/** In CI everything needed is there: a skip for want of something is a failure, and so is one that does not say why. */
function judgeSkips(summary: Summary, isCi: boolean): void {
  if (!isCi) return;
  for (const { title, reason } of summary.skipped) {
    if (reason === undefined) summary.failures.push(`${title} (skipped without a reason, and this is CI)`);
    else if (reason.startsWith('needs ')) summary.failures.push(`${title} (${reason}, and this is CI)`);
  }
}

function summarise(vitest: Vitest, checks: readonly CheckResult[]): Summary {
  const summary: Summary = { passed: 0, failures: [], skipped: [] };
  for (const check of checks) {
    if (check.passed) summary.passed++;
    else summary.failures.push(check.name);
  }
  for (const module of vitest.state.getTestModules()) countModule(module, summary);
  for (const error of vitest.state.getUnhandledErrors()) {
    summary.failures.push(`an error outside of tests: ${error instanceof Error ? error.message : String(error)}`);
  }
  judgeSkips(summary, process.env['CI'] === 'true');
  return summary;
}

function tell(summary: Summary): void {
  for (const { title, reason } of summary.skipped) say(`skipped: ${title} — ${reason ?? 'no reason given'}`);
  for (const failure of summary.failures) say(styleText('red', `failed: ${failure}`));
  const skipped = summary.skipped.length > 0 ? `, ${summary.skipped.length} skipped` : '';
  say(`${summary.passed} passed, ${summary.failures.length} failed${skipped}`);
}

export interface TestRun {
  readonly projects: readonly string[];
  /** Parts of test files' paths; all when empty. */
  readonly filters: readonly string[];
  /** Name pattern, as vitest's -t. */
  readonly namePattern?: string;
  readonly checks: readonly CheckResult[];
}

/** Runs the tests in this process's vitest and tells the outcome; true when everything held. */
export async function runTests(run: TestRun): Promise<boolean> {
  process.chdir(projectRoot);
  const { startVitest } = await import('vitest/node');
  const vitest = await startVitest([...run.filters], {
    run: true,
    watch: false,
    project: [...run.projects],
    passWithNoTests: run.filters.length === 0,
    reporters: ['default'],
    ...(run.namePattern !== undefined && { testNamePattern: run.namePattern }),
  });
  const summary = summarise(vitest, run.checks);
  await vitest.close();
  tell(summary);
  return summary.failures.length === 0 && summary.passed > 0;
}

async function main(args: string[]): Promise<boolean> {
  const isLong = args.includes('--long');
  const nameAt = args.findIndex((arg) => arg === '-t' || arg === '--testNamePattern');
  const namePattern = nameAt < 0 ? undefined : args.splice(nameAt, 2)[1];
  const filters = args.filter((arg) => !arg.startsWith('-'));
  const isWhole = filters.length === 0 && namePattern === undefined;
  const checks = isWhole && !isLong ? await runChecks() : [];
  tellChecks(checks, say);
  if (isWhole) {
    const { appTarget, ensureBuilt, windowTarget } = await import('./build.ts');
    await ensureBuilt([windowTarget, appTarget], say);
  }
  const projects = isLong ? ['long'] : ['unit', 'flow', 'lan', 'ui'];
  return await runTests({ projects, filters, checks, ...(namePattern !== undefined && { namePattern }) });
}

if (isEntry(import.meta.filename)) {
  const allHeld = await main(process.argv.slice(2));
  process.exit(allHeld ? 0 : 1);
}
