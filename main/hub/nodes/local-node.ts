/**
 * The hub's own node: the node-agent as a child process of the hub, the same code as on any other machine. Starts it, starts it
 * again when it dies, ends it with the hub. What it does as a node, the registry knows like of any other.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Logger } from '../../../common/log.ts';
import type { ParentConfig } from '../../../contract/node.ts';

export interface LocalNodeParts {
  /** Node's executable and the agent's entry file (in the packaged app both lie outside asar). Nothing secret: others see it. */
  readonly command: readonly [executable: string, ...args: string[]];
  readonly dataDir: string;
  /** The hub's loopback address. */
  readonly hubUrl: string;
  readonly name: string;
  /** The hub's folder of blobs. */
  readonly blobDir: string;
  /** A join token for one use; asked for at each start of the agent, which needs it when it is not joined (any more). */
  readonly createToken: () => Promise<string>;
  readonly logger: Logger;
  /** Added to the agent's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Pause before the n-th start again, n from 1, ms. */
  readonly backoffMs?: (n: number) => number;
}

export interface LocalNode {
  /** Of the running agent; undefined while there is none. */
  pid(): number | undefined;
  /** Ends the agent: in order within `limitMs`, then by force. It is not started again. */
  stop(limitMs?: number): Promise<void>;
}

/** An agent that lived so long starts a new count. */
const steadyAfterMs = 60_000;
const patientBackoffMs = (n: number): number => Math.min(500 * 2 ** (n - 1), 30_000);
const keptVariables = /^MILLRACE_(LOG_LEVEL|STAGE_THREADS)$/;

/** The hub's environment without what is meant for the hub: its data folder, Electron's and Node's switches. */
function agentEnvironment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => keptVariables.test(name) || !/^(MILLRACE_|ELECTRON_|NODE_OPTIONS$|NODE_CHANNEL_)/.test(name),
  );
  return { ...Object.fromEntries(inherited), ...extra, MILLRACE_PARENT_PIPE: '1' };
}

/** The configuration goes over stdin, which stays open: when the hub dies, even by force, the agent sees its end. */
async function startAgent(parts: LocalNodeParts): Promise<ChildProcess> {
  const { command, dataDir, blobDir, hubUrl, name, createToken, environment = {} } = parts;
  const config: ParentConfig = { hub: hubUrl, token: await createToken(), dataDir, name: name.slice(0, 63), blobDir };
  const [executable, ...args] = command;
  const child = spawn(executable, args, {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: agentEnvironment(environment),
    windowsHide: true,
  });
  // It may die before it reads.
  child.stdin?.on('error', () => {});
  child.stdin?.write(`${JSON.stringify(config)}\n`);
  return child;
}

/** Resolves when the process is gone, or could not be started. */
function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null; error?: Error }> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
  });
}

/** Starts the agent and keeps it running until `stop`. */
export function startLocalNode(parts: LocalNodeParts): LocalNode {
  const { logger, backoffMs = patientBackoffMs } = parts;
  let child: ChildProcess | undefined;
  let stopping = false;
  let wake = (): void => {};

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const runOnce = async (): Promise<number> => {
    const startMs = performance.now();
    try {
      child = await startAgent(parts);
      logger.info({ pid: child.pid }, 'own node started');
      if (stopping) child.kill('SIGTERM');
      const { code, signal, error } = await ended(child);
      if (!stopping) logger.warn({ code, signal, error }, 'own node ended unexpectedly');
    } catch (error) {
      logger.error({ error }, 'own node could not be started');
    }
    child = undefined;
    return performance.now() - startMs;
  };
  const keepRunning = async (): Promise<void> => {
    let inARow = 0;
    while (!stopping) {
      const livedMs = await runOnce();
      inARow = livedMs >= steadyAfterMs ? 1 : inARow + 1;
      if (!stopping) await pause(backoffMs(inARow));
    }
  };
  const finished = keepRunning();

  return {
    pid: () => child?.pid,
    async stop(limitMs = 5_000) {
      stopping = true;
      wake();
      child?.stdin?.end();
      child?.kill('SIGTERM');
      const force = setTimeout(() => child?.kill('SIGKILL'), limitMs);
      await finished;
      clearTimeout(force);
    },
  };
}
