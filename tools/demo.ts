/**
 * `npm run demo [-- --out DIR]`: a hub and two nodes on this machine, started through the command like anyone would, sample media of
 * our own making pushed through every pipeline, and a table of what became of it. Ends with 1 when something failed or a model is missing.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { z } from 'zod';
import { jobDetailSchema } from '../contract/item.ts';
import { pipelineDefinitions } from '../contract/pipelines/index.ts';
import { printTable } from '../main/cli/output.ts';
import { makeAnimation, makePhoto } from '../test/fixtures/make-fixtures.ts';
import { inProject, isEntry } from './project.ts';

const cli = inProject('main', 'cli', 'index.ts');
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const readyLimitMs = 60_000;
const workLimit = '5m';

/** What each pipeline is shown with. A pipeline without an entry fails the demo. */
const samples: Readonly<Record<string, (folder: string) => Promise<string[]>>> = {
  watermark: async (folder) => {
    const photos = [
      { name: 'harbour.jpg', width: 2_400, height: 1_600, seed: 1 },
      { name: 'upright-phone.jpg', width: 1_600, height: 1_200, seed: 2, orientation: 6 },
      { name: 'drawing.png', width: 800, height: 600, seed: 3, alpha: true },
      { name: 'garden.webp', width: 1_280, height: 720, seed: 4 },
      { name: 'night.avif', width: 960, height: 640, seed: 5 },
      { name: 'scan.tiff', width: 1_200, height: 1_700, seed: 6 },
    ];
    const paths = photos.map(({ name }) => join(folder, name));
    for (const [n, { name: _, ...options }] of photos.entries()) await makePhoto(paths[n] ?? '', options);
    const animation = join(folder, 'wheel.gif');
    await makeAnimation(animation, { width: 320, height: 240, delaysMs: [100, 100, 100, 200], loop: 0 });
    return [...paths, animation];
  },
};

interface Running {
  readonly child: ChildProcess;
  readonly ready: Record<string, unknown>;
}

/** Starts `millrace …` and waits for its ready line. */
async function start(args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-4_000);
  });
  const line = new Promise<string>((found, fail) => {
    createInterface(child.stdout).once('line', found);
    child.once('exit', (code) => fail(new Error(`millrace ${args[0]} ended with ${code}:\n${log}`)));
    setTimeout(
      () => fail(new Error(`millrace ${args[0]} is not ready after ${readyLimitMs / 1_000} s:\n${log}`)),
      readyLimitMs,
    ).unref();
  });
  try {
    return { child, ready: z.record(z.string(), z.unknown()).parse(JSON.parse(await line)) };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** Runs a command to its end; its stdout. A job that failed (1) still gives its table. */
async function command(args: readonly string[]): Promise<unknown> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args], { maxBuffer: 64 << 20 });
    return JSON.parse(stdout);
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && typeof error.stdout === 'string' && error.stdout !== '')
      return JSON.parse(error.stdout);
    throw error;
  }
}

const submitSchema = z.object({
  jobs: z.array(z.object({ id: z.string(), item: z.string(), state: z.string() })),
  refused: z.array(z.object({ item: z.string(), error: z.object({ detail: z.string() }) })),
});

interface Row {
  readonly cells: readonly string[];
  readonly isGood: boolean;
}

async function describeJob(dataDir: string, outDir: string, id: string): Promise<Row> {
  const job = jobDetailSchema.parse(await command(['jobs', 'show', id, '--data', dataDir, '--json']));
  const machines = job.stageList.map(
    (stage) => stage.attempts.find((attempt) => attempt.state === 'done')?.nodeName ?? '–',
  );
  const seconds =
    job.finishedAt === null
      ? '–'
      : `${((Date.parse(job.finishedAt) - Date.parse(job.createdAt)) / 1_000).toFixed(1)} s`;
  const saved = await readdir(join(outDir, job.item)).catch((): string[] => []);
  const isGood = job.state === 'done' && saved.length >= 1;
  return {
    isGood,
    cells: [
      job.pipeline,
      job.item,
      job.state,
      seconds,
      machines.join(' → '),
      saved.join(', ') || (job.error?.message ?? ''),
    ],
  };
}

async function showPipeline(name: string, workDir: string, outDir: string, dataDir: string): Promise<Row[]> {
  const make = samples[name];
  if (make === undefined)
    return [{ isGood: false, cells: [name, '–', 'no sample', '–', '–', 'tools/demo.ts has no sample for it'] }];
  const folder = join(workDir, `samples-${name}`);
  await mkdir(folder);
  const files = await make(folder);
  say(`${name}: ${files.length} files …`);
  const results = join(outDir, name);
  const args = [
    'submit',
    ...files,
    '--pipeline',
    name,
    '--data',
    dataDir,
    '--json',
    '--out',
    results,
    '--timeout',
    workLimit,
  ];
  const answer = submitSchema.parse(await command(args));
  const rows: Row[] = [];
  for (const job of answer.jobs) rows.push(await describeJob(dataDir, results, job.id));
  for (const { item, error } of answer.refused)
    rows.push({ isGood: false, cells: [name, item, 'refused', '–', '–', error.detail] });
  return rows;
}

/** The farm, from first to last; everything that was started is stopped. */
async function showAll(workDir: string, outDir: string): Promise<Row[]> {
  const dataDir = join(workDir, 'hub');
  const running: Running[] = [];
  try {
    say('Starting a hub and two nodes …');
    const hub = await start(['hub', '--data', dataDir, '--port', '0', '--no-local-node', '--log-level', 'warn']);
    running.push(hub);
    const { token } = z
      .object({ token: z.string() })
      .parse(await command(['token', '--uses', '2', '--json', '--data', dataDir]));
    for (const name of ['demo-1', 'demo-2']) {
      const url = z.string().parse(hub.ready['url']);
      const args = [
        '--hub',
        url,
        '--token',
        token,
        '--data',
        join(workDir, name),
        '--name',
        name,
        '--log-level',
        'warn',
      ];
      running.push(await start(['node', ...args]));
    }
    const rows: Row[] = [];
    for (const { name } of pipelineDefinitions) rows.push(...(await showPipeline(name, workDir, outDir, dataDir)));
    return rows;
  } finally {
    for (const { child } of running.toReversed()) await stop(child);
  }
}

async function main(args: readonly string[]): Promise<number> {
  const outAt = args.indexOf('--out');
  const out = outAt < 0 ? undefined : args[outAt + 1];
  if (args.length > 0 && (outAt !== 0 || out === undefined || args.length > 2)) {
    say('Usage: npm run demo [-- --out DIR]');
    return 2;
  }
  const workDir = await mkdtemp(join(tmpdir(), 'millrace-demo-'));
  try {
    const rows = await showAll(workDir, out === undefined ? join(workDir, 'out') : resolve(out));
    const head = ['pipeline', 'file', 'state', 'took', 'machines', 'results'];
    printTable(
      { out: process.stdout, err: process.stderr },
      head,
      rows.map((row) => row.cells),
    );
    const bad = rows.filter((row) => !row.isGood).length;
    say(bad === 0 ? `All ${rows.length} went through.` : `${bad} of ${rows.length} did not go through.`);
    if (out !== undefined) say(`The results are in ${resolve(out)}.`);
    return bad === 0 && rows.length > 0 ? 0 : 1;
  } finally {
    await rm(workDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

if (isEntry(import.meta.filename)) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
