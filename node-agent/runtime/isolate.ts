/**
 * Runs stages in warm processes of their own, one unit at a time each. Owns which process gets a unit, when one is renewed and
 * when an idle one ends; how many units run at once is decided by those who ask.
 */
import { fileURLToPath } from 'node:url';
import type { Logger } from '../../common/log.ts';
import type { Failure } from '../../contract/errors.ts';
import type { Progress } from '../../contract/item.ts';
import type { JsonObject } from '../../contract/stage.ts';
import { stageDefinition } from '../../contract/stages/index.ts';
import type { HubAccess, LocalInput, LocalOutput } from '../stages/stage-implementation.ts';
import { errorOfReply, type StageChild, type StageReply, startStageChild, type UnitLimits } from './stage-child.ts';
import type { ToStage } from './stage-messages.ts';

export interface StageUnit extends UnitLimits {
  readonly kind: string;
  readonly options: JsonObject;
  readonly inputs: readonly LocalInput[];
  readonly scratchDir: string;
  readonly hub: HubAccess | null;
}

export type UnitOutcome = { readonly peakMemoryBytes: number } & (
  | {
      readonly outcome: 'done';
      readonly outputs: readonly LocalOutput[];
      readonly summary: JsonObject;
      readonly engine: string;
    }
  | { readonly outcome: 'failed'; readonly error: Failure }
);

export interface Isolate {
  /**
   * Runs one unit. What goes wrong in the stage or its process is an outcome.
   * @throws the signal's reason; the process is killed at once
   */
  run(unit: StageUnit, signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<UnitOutcome>;
  /**
   * Asks a stage process for the kind's engine; that process stays warm.
   * @throws MillraceError when the stage cannot work on this machine
   */
  engine(kind: string): Promise<{ engine: string; needsHub: boolean }>;
  /**
   * Runs the kind's known-answer check as a unit of its own. @returns the facts that the stage measured
   * @throws MillraceError what went wrong
   */
  check(kind: string, scratchDir: string): Promise<Record<string, number>>;
  /** Kills all processes. Units under way become outcomes or throw, as their signals say. */
  stop(): void;
}

export interface IsolateOptions {
  readonly logger: Logger;
  /** Another entry than the project's own; for tests. */
  readonly entryPath?: string;
  /** Idle processes end after so long, ms. */
  readonly idleMs?: number;
  /** A process is renewed after so many units: media libraries leak a little. */
  readonly maxUnits?: number;
  /** V8's heap for processes of a kind, bytes; three quarters of the stage's memory unless told. */
  readonly heapBytes?: (kind: string) => number;
}

interface Resting {
  readonly child: StageChild;
  readonly timer: NodeJS.Timeout;
}

/** For what is asked of a stage besides its work. */
const askLimits: UnitLimits = { timeoutMs: 30_000, memoryBytes: 2_000_000_000 };
const defaultHeapBytes = 1_000_000_000;

/** Beside this file when run from sources, beside the bundle when packaged. */
export function defaultEntryPath(moduleUrl: string): string {
  return fileURLToPath(new URL(moduleUrl.endsWith('.ts') ? './stage-process.ts' : './stage-process.js', moduleUrl));
}

function heapBytesOf(kind: string): number {
  const limits = stageDefinition(kind)?.limits([]);
  return limits ? Math.floor(limits.memoryBytes * 0.75) : defaultHeapBytes;
}

function outcomeOf(reply: StageReply): UnitOutcome {
  const { type } = reply;
  if (type === 'done') {
    const { outputs, summary, engine, peakMemoryBytes } = reply;
    const local = outputs.map(({ extension, ...output }) =>
      extension === undefined ? output : { ...output, extension },
    );
    return { outcome: 'done', outputs: local, summary, engine, peakMemoryBytes };
  }
  if (type === 'engine' || type === 'checked') {
    const error: Failure = { code: 'stage_invalid_output', message: 'The step answered something else.' };
    return { outcome: 'failed', error, peakMemoryBytes: 0 };
  }
  return { outcome: 'failed', error: reply.error, peakMemoryBytes: reply.peakMemoryBytes };
}

export function createIsolate(options: IsolateOptions): Isolate {
  const { logger, idleMs = 60_000, maxUnits = 500, entryPath = defaultEntryPath(import.meta.url) } = options;
  const heapBytes = options.heapBytes ?? heapBytesOf;
  const resting = new Map<string, Resting[]>();
  const all = new Set<StageChild>();
  let nextUnit = 1;
  let stopped = false;

  const discard = (child: StageChild): void => {
    all.delete(child);
    child.kill();
  };
  /** The one that rested last: its memory is warmest, and the others come to their end. */
  const take = (kind: string): StageChild => {
    for (;;) {
      const rested = resting.get(kind)?.pop();
      if (!rested) break;
      clearTimeout(rested.timer);
      if (rested.child.alive()) return rested.child;
      all.delete(rested.child);
    }
    const child = startStageChild({ entryPath, heapBytes: heapBytes(kind), logger: logger.child({ kind }) });
    all.add(child);
    return child;
  };
  const giveBack = (kind: string, child: StageChild): void => {
    if (stopped || !child.alive() || child.units() >= maxUnits) {
      discard(child);
      return;
    }
    const mine = resting.get(kind) ?? [];
    const timer = setTimeout(() => {
      mine.splice(
        mine.findIndex((other) => other.child === child),
        1,
      );
      discard(child);
    }, idleMs);
    mine.push({ child, timer });
    resting.set(kind, mine);
  };
  const ask = async (
    order: ToStage,
    limits: UnitLimits,
    signal: AbortSignal,
    onProgress: (progress: Progress) => void,
  ): Promise<StageReply> => {
    signal.throwIfAborted();
    if (stopped) throw new Error('the agent is stopping');
    const child = take(order.kind);
    try {
      return await child.ask(order, limits, signal, onProgress);
    } finally {
      giveBack(order.kind, child);
    }
  };

  return {
    async run({ kind, options: stageOptions, inputs, scratchDir, hub, ...limits }, signal, onProgress) {
      const order = { type: 'run', unit: nextUnit++, kind, options: stageOptions, scratchDir, hub } as const;
      return outcomeOf(await ask({ ...order, inputs: [...inputs] }, limits, signal, onProgress));
    },
    async engine(kind) {
      const order = { type: 'engine', unit: nextUnit++, kind } as const;
      const reply = await ask(order, askLimits, new AbortController().signal, () => {});
      if (reply.type === 'engine') return { engine: reply.engine, needsHub: reply.needsHub };
      throw errorOfReply(reply);
    },
    async check(kind, scratchDir) {
      const order = { type: 'check', unit: nextUnit++, kind, scratchDir } as const;
      const reply = await ask(order, askLimits, new AbortController().signal, () => {});
      if (reply.type === 'checked') return reply.facts;
      throw errorOfReply(reply);
    },
    stop() {
      stopped = true;
      for (const { timer } of [...resting.values()].flat()) clearTimeout(timer);
      resting.clear();
      for (const child of all) discard(child);
    },
  };
}
