/** Forks the hub under Electron: what it is started with, and where its log goes. */
import { createWriteStream, existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { utilityProcess } from 'electron';
import type { HubChild } from './hub-process.ts';

/** What the hub reads from MILLRACE_HUB_CONFIG; its own schema has the rest and the defaults. */
export interface HubStartConfig {
  readonly dataDir: string;
  readonly awaitsPassphrase: true;
  readonly uiFolder: string;
  readonly nodeExecutable: string;
  readonly agentEntry?: string;
  readonly version: string;
}

const largestLogBytes = 10_000_000;

/** The log of the last runs; the one before is kept beside it. */
function openLog(folder: string) {
  const path = join(folder, 'hub.log');
  if (existsSync(path) && statSync(path).size > largestLogBytes) renameSync(path, `${path}.1`);
  return createWriteStream(path, { flags: 'a' });
}

/** @param entry the hub's compiled file */
export function forkHub(entry: string, config: HubStartConfig, logFolder: string): HubChild {
  const child = utilityProcess.fork(entry, [], {
    serviceName: 'Millrace hub',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, MILLRACE_HUB_CONFIG: JSON.stringify(config) },
  });
  child.stderr?.pipe(openLog(logFolder));
  return {
    get pid() {
      return child.pid;
    },
    postMessage: (message) => child.postMessage(message),
    kill: () => child.kill(),
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => void child.on('exit', listener),
  };
}
