/**
 * The only door to the broker for the rest of the project: starts one, in a worker thread of its own or in the calling thread, and
 * gives its ports, its users and its end; checks and repairs the data folder of one that does not run.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { lockFolder } from '../../common/files.ts';
import type { AppendFsync } from './aof.ts';
import { type CheckReport, checkData, type RepairReport, repairData } from './check-data.ts';
import type { Logger } from './engine.ts';
import { realFiles } from './file-system.ts';
import { ErrorReply } from './replies.ts';
import { type BrokerSettings, type RunningBroker, runBroker } from './run-broker.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

export interface BrokerTls {
  /** PEM. */
  readonly key: string;
  /** PEM, chain included. */
  readonly cert: string;
  /** PEM of authorities whose client certificates are demanded; left out, clients show none. */
  readonly ca?: string;
  /** Port of the TLS listener; 0 (default) picks a free one. */
  readonly port?: number;
  /** Address of the TLS listener; default all. */
  readonly host?: string;
}

export interface BrokerOptions {
  /** Folder of the log; left out, nothing is kept. One process per folder. */
  readonly dir?: string;
  /** Plain listener; port 0 picks a free one. Beyond loopback a password is demanded. */
  readonly port?: number;
  readonly host?: string;
  /** Password of the user `default`. */
  readonly requirepass?: string;
  /** Default `everysec`. */
  readonly appendfsync?: AppendFsync;
  readonly tls?: BrokerTls;
  /** True: in a worker thread of its own, so that the caller's event loop never feels it. False: in the calling thread. */
  readonly inThread: boolean;
  readonly logger: Logger;
}

export interface Broker {
  readonly port: number;
  readonly tlsPort: number | undefined;
  /** Resolves when the broker ended by itself: SHUTDOWN by a client, or its thread died (then with the error). */
  readonly ended: Promise<Error | undefined>;
  /** Closes all connections and the log, everything written and synced. */
  stop(): Promise<void>;
  /**
   * Creates or changes a user by Redis's ACL rules, for example `['on', '>secret', '~mr:n1:*', '&*', '-@all', '+get']`.
   * @param scriptLimitMs longest that a script of this user may run before it is stopped; what it did stays. No limit when left out
   * @throws Error with Redis's text when a rule is wrong.
   */
  setUser(name: string, rules: readonly string[], scriptLimitMs?: number): Promise<void>;
  /** Deletes a user and kills its connections. @returns how many were killed. */
  deleteUser(name: string): Promise<number>;
}

/** Starts a broker. @throws Error when the port is taken, the folder is in use or its log is damaged. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const settings: BrokerSettings = {
    dir: options.dir,
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    requirepass: options.requirepass,
    appendfsync: options.appendfsync ?? 'everysec',
    tls: options.tls && {
      ...options.tls,
      ca: options.tls.ca,
      port: options.tls.port ?? 0,
      host: options.tls.host ?? '::',
    },
  };
  const start = options.inThread ? startInWorker : startHere;
  if (options.dir === undefined) return start(settings, options.logger);
  // Taken here and not by the thread, whose sudden end must not leave the folder locked by a process that goes on.
  const unlock = await lockFolder(options.dir);
  try {
    const broker = await start(settings, options.logger);
    void broker.ended.then(unlock, unlock);
    return { ...broker, stop: () => broker.stop().finally(unlock) };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function startHere(settings: BrokerSettings, logger: Logger): Promise<Broker> {
  const broker: RunningBroker = await runBroker(settings, logger);
  return {
    port: broker.port,
    tlsPort: broker.tlsPort,
    ended: broker.shutdown.then(() => undefined),
    stop: () => broker.stop(),
    setUser: async (name, rules, scriptLimitMs) => {
      try {
        broker.setUser(name, rules, scriptLimitMs);
      } catch (error) {
        throw error instanceof ErrorReply ? new Error(error.error) : error;
      }
    },
    deleteUser: async (name) => broker.deleteUser(name),
  };
}

/** A thread that has not even heard by then is held by a script. */
const STOP_HEARD_MS = 3000;

/** The worker's file: beside this one, as source or as a bundle. */
function workerFile(): URL {
  const bundled = new URL('./broker-worker.js', import.meta.url);
  return existsSync(fileURLToPath(bundled)) ? bundled : new URL('./broker-worker.ts', import.meta.url);
}

interface Waiting {
  readonly resolve: (value: number) => void;
  readonly reject: (error: Error) => void;
}

function startInWorker(settings: BrokerSettings, logger: Logger): Promise<Broker> {
  const worker = new Worker(workerFile(), { workerData: settings, name: 'broker', execArgv: [] });
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  const ask = (
    request:
      | { do: 'stop' }
      | { do: 'set-user'; name: string; rules: readonly string[]; scriptLimitMs: number | undefined }
      | { do: 'delete-user'; name: string },
  ): Promise<number> =>
    new Promise((resolve, reject) => {
      const message: ToWorker = { ...request, id: nextId++ };
      waiting.set(message.id, { resolve, reject });
      worker.postMessage(message);
    });
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    let gone = false;
    let cut: NodeJS.Timeout | undefined;
    const ended = new Promise<Error | undefined>((end) => {
      worker.once('error', (error) => {
        failure = error instanceof Error ? error : new Error(String(error));
      });
      worker.once('exit', () => {
        gone = true;
        const error = failure ?? new Error('the broker thread ended');
        reject(error);
        for (const each of waiting.values()) each.reject(error);
        waiting.clear();
        end(failure);
      });
    });
    worker.on('message', (message: FromWorker) => {
      if (message.event === 'log') logger[message.level](message.fields, message.message);
      else if (message.event === 'stopping') clearTimeout(cut);
      else if (message.event === 'failed') reject(new Error(message.message));
      else if (message.event === 'done') {
        const asked = waiting.get(message.id);
        waiting.delete(message.id);
        if (message.error === undefined) asked?.resolve(message.value);
        else asked?.reject(new Error(message.error));
      } else if (message.event === 'ready') {
        resolve({
          port: message.port,
          tlsPort: message.tlsPort,
          ended,
          stop: async () => {
            if (gone) return;
            // What it has acknowledged is written, so it may be cut off.
            cut = setTimeout(() => void worker.terminate(), STOP_HEARD_MS);
            await ask({ do: 'stop' }).catch(() => undefined);
            clearTimeout(cut);
            await worker.terminate();
          },
          setUser: async (name, rules, scriptLimitMs) =>
            void (await ask({ do: 'set-user', name, rules, scriptLimitMs })),
          deleteUser: (name) => ask({ do: 'delete-user', name }),
        });
      }
    });
  });
}

/** What checkFolder() found. */
export type FolderReport = CheckReport;

/** Looks at a data folder that no broker has in use, without changing it. @throws Error when it is in use or not there. */
export async function checkFolder(dir: string): Promise<FolderReport> {
  return withFolder(dir, async () => checkData(realFiles(), dir));
}

/** Cuts a data folder at its first damage, keeping copies of the files. @throws Error when it is in use or not there. */
export async function repairFolder(dir: string): Promise<RepairReport> {
  return withFolder(dir, () => repairData(realFiles(), dir));
}

async function withFolder<T>(dir: string, work: () => Promise<T>): Promise<T> {
  if (!existsSync(dir)) throw new Error(`There is no folder ${dir}.`);
  const unlock = await lockFolder(dir);
  try {
    return await work();
  } finally {
    await unlock();
  }
}
