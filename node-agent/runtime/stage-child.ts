/**
 * One stage process seen from the agent: forks it, gives it one unit at a time, watches its time and memory, kills it without
 * mercy. Which unit runs where is the pool's affair.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Logger } from '../../common/log.ts';
import { type ErrorCode, type Failure, MillraceError } from '../../contract/errors.ts';
import type { Progress } from '../../contract/item.ts';
import { type FromStage, fromStageSchema, type ToStage } from './stage-messages.ts';

export interface StageChildOptions {
  /** File that calls `serveStages`. */
  readonly entryPath: string;
  /** Limit of V8's heap, bytes; native memory is watched from outside. */
  readonly heapBytes: number;
  readonly logger: Logger;
}

export interface UnitLimits {
  readonly timeoutMs: number;
  /** Resident size of the process. */
  readonly memoryBytes: number;
}

export type StageAnswer = Exclude<FromStage, { type: 'progress' | 'memory' }>;
/** An answer to what was asked, or why there is none. */
export type StageReply = StageAnswer | { type: 'ended'; error: Failure; peakMemoryBytes: number };

export interface StageChild {
  readonly pid: number | undefined;
  /** False once it has ended or was killed. */
  alive(): boolean;
  /** Units that it was given so far. */
  units(): number;
  /**
   * Gives it the order. Never rejects for what happens in the process: that is a reply.
   * @throws the signal's reason, after killing the process
   */
  ask(order: ToStage, limits: UnitLimits, signal: AbortSignal, onProgress: (p: Progress) => void): Promise<StageReply>;
  kill(): void;
}

const memoryIntervalMs = 100;
const maxNoteBytes = 4_096;

/** What a stage needs of the environment; never the tokens and passwords that may be in it. */
const passedOn = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'LD_LIBRARY_PATH',
  'FONTCONFIG_PATH',
  'FONTCONFIG_FILE',
  'XDG_CACHE_HOME',
  'MILLRACE_STAGE_THREADS',
];

function environment(): NodeJS.ProcessEnv {
  const kept = passedOn.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]] as const],
  );
  // glibc otherwise keeps a heap for each thread, and a warm process grows by every picture.
  return { ...Object.fromEntries(kept), MALLOC_ARENA_MAX: '2' };
}

/** Resident size by the system, bytes; undefined where it does not tell. Synchronous: no disk is touched, and a thread's turn costs more. */
function residentBytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
  } catch {
    return undefined;
  }
}

interface Pending {
  readonly unit: number;
  readonly onProgress: (progress: Progress) => void;
  readonly resolve: (reply: StageReply) => void;
  readonly memoryBytes: number;
  peakBytes: number;
}

/** @param log the end of what the process wrote */
const ended = (code: ErrorCode, message: string, peakMemoryBytes: number, log = ''): StageReply => ({
  type: 'ended',
  error: { code, message, ...(log !== '' && { log }) },
  peakMemoryBytes,
});

const megabytes = (bytes: number): number => Math.round(bytes / 1e6);

/** Collects the end of what the process wrote to stderr: it may say why it died. */
function noteOf(child: ChildProcess): () => string {
  let note = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    note = (note + text).slice(-maxNoteBytes);
  });
  return () => note;
}

/** Forks a stage process. Failing to start is an answer to the first order, not a throw. */
export function startStageChild(options: StageChildOptions): StageChild {
  const { entryPath, heapBytes, logger } = options;
  const child = fork(entryPath, [], {
    execArgv: [`--max-old-space-size=${Math.max(64, Math.floor(heapBytes / 2 ** 20))}`],
    env: environment(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'json',
  });
  const note = noteOf(child);
  let alive = true;
  let units = 0;
  let pending: Pending | undefined;

  const reply = (answer: StageReply): void => {
    const asked = pending;
    pending = undefined;
    asked?.resolve(answer);
  };
  const kill = (): void => {
    alive = false;
    child.kill('SIGKILL');
  };
  const seen = (rssBytes: number): void => {
    if (!pending) return;
    pending.peakBytes = Math.max(pending.peakBytes, rssBytes);
    if (rssBytes <= pending.memoryBytes) return;
    kill();
    const message = `The step used ${megabytes(rssBytes)} MB of memory; its limit is ${megabytes(pending.memoryBytes)} MB.`;
    reply(ended('stage_out_of_memory', message, pending.peakBytes, note()));
  };
  const gone = (how: string): void => {
    alive = false;
    if (!pending) return;
    logger.warn({ how, note: note() }, 'a stage process died');
    const isHeap = note().includes('heap out of memory');
    reply(
      ended(isHeap ? 'stage_out_of_memory' : 'stage_crashed', `The step’s process ${how}.`, pending.peakBytes, note()),
    );
  };

  child.on('message', (raw) => {
    const parsed = fromStageSchema.safeParse(raw);
    if (!pending) return;
    if (!parsed.success) {
      kill();
      reply(ended('stage_invalid_output', 'The step’s answer was not valid.', pending.peakBytes));
      return;
    }
    const message = parsed.data;
    if (message.unit !== pending.unit) return;
    if (message.type === 'progress') pending.onProgress(message.progress);
    else if (message.type === 'memory') seen(message.rssBytes);
    else reply(message);
  });
  child.on('error', (error) => gone(`could not be run (${error.message})`));
  // After the pipes are read to their end, so that the note is whole.
  child.on('close', (code, signal) => gone(signal === null ? `ended with code ${code}` : `was ended by ${signal}`));
  child.on('disconnect', () => {
    alive = false;
  });

  return {
    pid: child.pid,
    alive: () => alive,
    units: () => units,
    kill,
    async ask(order, { timeoutMs, memoryBytes }, signal, onProgress) {
      signal.throwIfAborted();
      if (pending) throw new Error('a stage process takes one unit at a time');
      units++;
      let onAbort = (): void => {};
      const answered = new Promise<StageReply>((resolve, reject) => {
        pending = { unit: order.unit, onProgress, resolve, memoryBytes, peakBytes: 0 };
        onAbort = () => {
          kill();
          pending = undefined;
          reject(signal.reason);
        };
      });
      signal.addEventListener('abort', onAbort, { once: true });
      const timer = setTimeout(() => {
        kill();
        reply(
          ended('stage_timeout', `The step took longer than ${timeoutMs / 1_000} s.`, pending?.peakBytes ?? 0, note()),
        );
      }, timeoutMs);
      const { pid } = child;
      const watch = setInterval(() => {
        const bytes = pid === undefined ? undefined : residentBytes(pid);
        if (bytes !== undefined) seen(bytes);
      }, memoryIntervalMs);
      try {
        child.send(order, (error) => error && gone(`did not take the work (${error.message})`));
        return await answered;
      } finally {
        clearTimeout(timer);
        clearInterval(watch);
        signal.removeEventListener('abort', onAbort);
      }
    },
  };
}

/** The error of a reply that is not the wanted one. */
export function errorOfReply(reply: StageReply): MillraceError {
  if (!('error' in reply)) return new MillraceError('stage_invalid_output', 'The step answered something else.');
  return new MillraceError(reply.error.code, reply.error.message, reply.error.details);
}
