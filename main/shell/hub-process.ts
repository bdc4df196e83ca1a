/**
 * The hub as a utility process: starts it, starts it again when it dies, tells where it is, passes imports on to it over its own
 * port, and stops it in order. Everything that it says is parsed.
 */
import { z } from 'zod';
import type { Logger } from '../../common/log.ts';
import { failureSchema } from '../../contract/errors.ts';
import { type HubReady, hubReadySchema, type ShellRequest } from '../../contract/hub-api.ts';
import {
  type ImportOrder,
  type ImportOutcome,
  importOutcomeSchema,
  type ShellSession,
} from '../../contract/shell-api.ts';

/** The part of Electron's `UtilityProcess` that is used. */
export interface HubChild {
  readonly pid: number | undefined;
  postMessage(message: ShellRequest): void;
  kill(): boolean;
  onMessage(listener: (message: unknown) => void): void;
  onExit(listener: (code: number) => void): void;
}

export interface HubProcessParts {
  fork(): HubChild;
  readonly logger: Logger;
  /** The hub is there, for the first time or again; its address may have changed. */
  onReady(session: ShellSession): void;
  /** It ended before it was ever ready. Called once; it is tried again all the same. */
  onCannotStart(): void;
  /** Of the hub's key at rest; see keychain. */
  readonly passphrase: string | null;
  /** Pause before the n-th start again, n from 1, ms. */
  readonly backoffMs?: (n: number) => number;
}

export interface HubProcess {
  /** Where it is; waits while it starts. */
  session(): Promise<ShellSession>;
  importPaths(paths: readonly string[], order: ImportOrder): Promise<ImportOutcome>;
  /** In order within `limitMs`, then by force. It is not started again. */
  stop(limitMs?: number): Promise<void>;
}

const fromHubSchema = z.union([
  hubReadySchema,
  z.object({ type: z.literal('imported'), requestId: z.int(), outcome: importOutcomeSchema }),
  z.object({ type: z.literal('refused'), requestId: z.int(), error: failureSchema }),
]);
type FromHub = z.infer<typeof fromHubSchema>;

/** A hub that lived so long starts a new count. */
const steadyAfterMs = 60_000;
const patientBackoffMs = (n: number): number => Math.min(500 * 2 ** (n - 1), 15_000);
const goneMessage = 'The hub has just stopped; it comes back by itself. Try again.';

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** Starts the hub and keeps it running until `stop`. */
export function startHubProcess(parts: HubProcessParts): HubProcess {
  const { logger, backoffMs = patientBackoffMs } = parts;
  const imports = new Map<number, Waiting<ImportOutcome>>();
  let child: HubChild | null = null;
  let current: ShellSession | null = null;
  let awaiting: Waiting<ShellSession>[] = [];
  let nextId = 1;
  let inARow = 0;
  let everReady = false;
  let isStopping = false;
  let ended = (): void => {};
  let timer: NodeJS.Timeout | undefined;

  function onReady(ready: HubReady): void {
    if (ready.token === undefined) {
      logger.error({}, 'the hub sent no token');
      return;
    }
    current = { url: ready.url, token: ready.token };
    everReady = true;
    logger.info({ url: ready.url }, 'the hub is ready');
    parts.onReady(current);
    for (const waiting of awaiting.splice(0)) waiting.resolve(current);
  }

  function onMessage(raw: unknown): void {
    const parsed = fromHubSchema.safeParse(raw);
    if (!parsed.success) {
      logger.warn({ problem: parsed.error.message }, 'a message of the hub was not understood');
      return;
    }
    const message: FromHub = parsed.data;
    if ('event' in message) {
      onReady(message);
      return;
    }
    const waiting = imports.get(message.requestId);
    imports.delete(message.requestId);
    if (message.type === 'imported') waiting?.resolve(message.outcome);
    else waiting?.reject(new Error(message.error.message));
  }

  function onExit(code: number, startedMs: number): void {
    child = null;
    current = null;
    for (const waiting of imports.values()) waiting.reject(new Error(goneMessage));
    imports.clear();
    if (isStopping) {
      ended();
      return;
    }
    inARow = performance.now() - startedMs >= steadyAfterMs ? 1 : inARow + 1;
    logger.error({ code, inARow }, 'the hub ended unexpectedly');
    if (!everReady && inARow === 1) parts.onCannotStart();
    timer = setTimeout(start, backoffMs(inARow));
  }

  function start(): void {
    const startedMs = performance.now();
    child = parts.fork();
    child.postMessage({ type: 'unlock', passphrase: parts.passphrase });
    child.onMessage(onMessage);
    child.onExit((code) => onExit(code, startedMs));
  }
  start();

  return {
    session: () =>
      current !== null
        ? Promise.resolve(current)
        : new Promise((resolve, reject) => awaiting.push({ resolve, reject })),
    importPaths: (paths, order) =>
      new Promise((resolve, reject) => {
        if (child === null || current === null) return reject(new Error(goneMessage));
        const requestId = nextId++;
        imports.set(requestId, { resolve, reject });
        child.postMessage({ type: 'importPaths', requestId, paths: [...paths], ...order });
      }),
    stop(limitMs = 10_000) {
      isStopping = true;
      clearTimeout(timer);
      for (const waiting of awaiting) waiting.reject(new Error('Millrace is closing.'));
      awaiting = [];
      if (child === null) return Promise.resolve();
      const running = child;
      return new Promise((resolve) => {
        const force = setTimeout(() => running.kill(), limitMs);
        ended = () => {
          clearTimeout(force);
          resolve();
        };
        running.postMessage({ type: 'stop' });
      });
    },
  };
}
