/**
 * `npm start [-- FILES…]`: builds what is missing and opens the desktop app; without a display or Electron's binary, runs the hub
 * here with a node of its own and prints the address of the same window. Files are dropped at once.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { dataFolder } from '../common/data-folder.ts';
import { createLogger } from '../common/log.ts';
import { stopOnSignals } from '../common/process-exit.ts';
import type { ImportOutcome } from '../contract/shell-api.ts';
import { findHub } from '../main/cli/find-hub.ts';
import { hubConfig } from '../main/cli/hub.ts';
import { createHubClient } from '../main/cli/hub-client.ts';
import { runCommand } from '../main/cli/program.ts';
import { appTarget, ensureBuilt, windowTarget } from './build.ts';
import { electronBinary, fetchElectron } from './electron-binary.ts';
import { isEntry, projectRoot } from './project.ts';

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const tell = (text: string): void => void process.stdout.write(`${text}\n`);

const fetchLimitMs = 60_000;
/** An app that ends with an error so soon has not opened: libraries or a display are missing. */
const openedAfterMs = 5_000;
const order = { pipeline: 'watermark', options: {}, priority: 'normal' } as const;

function hasDisplay(): boolean {
  if (process.platform !== 'linux') return true;
  return Boolean(process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']);
}

/** Runs the desktop app to its end; its exit code, or null when it could not open. */
function runElectron(binary: string, files: readonly string[]): Promise<number | null> {
  const flags: string[] = [];
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    say('Electron has no sandbox for root; better start Millrace as another user.');
    flags.push('--no-sandbox');
  }
  const startedMs = performance.now();
  const child = spawn(binary, [...flags, projectRoot, ...files], {
    stdio: 'inherit',
    env: { ...process.env, MILLRACE_NODE: process.execPath },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((done) => {
    child.on('error', (error) => {
      say(`Electron could not be started: ${error.message}`);
      done(null);
    });
    child.on('exit', (code, signal) => {
      const failed = code !== 0 && signal === null && performance.now() - startedMs < openedAfterMs;
      done(failed ? null : (code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
    });
  });
}

/** The exit code of the desktop app, or null when this machine cannot show it. */
async function tryDesktop(files: readonly string[]): Promise<number | null> {
  if (!hasDisplay()) {
    say('There is no display here: the hub runs without the desktop app.');
    return null;
  }
  const binary = electronBinary() ?? (await fetchElectron(fetchLimitMs, say));
  if (binary === undefined) {
    say('The hub runs without the desktop app; its window opens in a browser.');
    return null;
  }
  await ensureBuilt([appTarget], say);
  return await runElectron(binary, files);
}

const windowAddress = (url: string, token: string): string => `${url}/#token=${token}`;

function tellAddress(url: string, token: string): void {
  tell('Millrace is running. Open this address in a browser on this machine:');
  tell(`  ${windowAddress(url, token)}`);
}

function tellOutcome({ accepted, refused }: ImportOutcome): void {
  tell(`${accepted} file${accepted === 1 ? '' : 's'} taken.`);
  for (const { name, problem } of refused) tell(`  ${name}: ${problem.detail} ${problem.hint}`);
}

/** The hub that runs here already, when one does. */
async function runningHub(): Promise<{ url: string; token: string } | null> {
  try {
    const found = await findHub(dataFolder(undefined, process.env));
    const client = createHubClient(found.url, found.token, 5_000);
    await client.call('getFarm', {}).finally(() => client.close());
    return found;
  } catch {
    return null;
  }
}

/** A second start hands its files to the first. */
async function handOver(files: readonly string[]): Promise<number> {
  if (files.length === 0) return 0;
  const context = { terminal: { out: process.stdout, err: process.stderr }, environment: process.env };
  return await runCommand(['submit', '--pipeline', order.pipeline, ...files], context, '');
}

async function runHeadless(files: readonly string[]): Promise<void> {
  const { startHub } = await import('../main/hub/start-hub.ts');
  const logger = createLogger('warn', (line) => void process.stderr.write(line), { part: 'hub' });
  const options = { port: 0, localNode: true, legacyPort: [], logLevel: 'warn' } as const;
  const hub = await startHub(hubConfig(options, process.env), logger);
  stopOnSignals(() => hub.stop(), logger);
  tellAddress(hub.url, hub.token);
  tell('It works on this machine too. Ctrl-C ends it; what is not done yet goes on at the next start.');
  if (files.length > 0) tellOutcome(await hub.importPaths(files, { ...order, privacy: 'any' }));
}

async function main(args: readonly string[]): Promise<void> {
  const files = args.map((arg) => resolve(arg));
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length > 0) {
    for (const file of missing) say(`There is no “${file}”.`);
    process.exit(3);
  }
  await ensureBuilt([windowTarget], say);
  const desktopCode = await tryDesktop(files);
  if (desktopCode !== null) process.exit(desktopCode);
  const running = await runningHub();
  if (running !== null) {
    tellAddress(running.url, running.token);
    process.exit(await handOver(files));
  }
  await runHeadless(files);
}

if (isEntry(import.meta.filename)) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
