/** The inside of a stage process: takes one unit at a time over the channel to the agent, runs it, answers, and ends with the agent. */
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { type ErrorCode, failureOf, MillraceError } from '../../contract/errors.ts';
import type { Progress } from '../../contract/item.ts';
import { stageDefinition } from '../../contract/stages/index.ts';
import type { StageImplementation } from '../stages/stage-implementation.ts';
import { type FromStage, type ToStage, toStageSchema } from './stage-messages.ts';

type RunOrder = Extract<ToStage, { type: 'run' }>;
export type LoadStage = (kind: string) => Promise<StageImplementation | undefined>;

/** The spare machine's owner comes first. */
const niceness = 10;
const progressIntervalMs = 100;
const memoryIntervalMs = 200;

/** Peak of this process since `begin`, bytes. Exact on Linux; elsewhere what is seen at the end. */
function createPeakMemory(): { begin(): void; bytes(): number } {
  const isLinux = process.platform === 'linux';
  return {
    begin() {
      if (!isLinux) return;
      try {
        // 5: forget the highest resident size, see proc_pid_clear_refs(5).
        writeFileSync('/proc/self/clear_refs', '5');
      } catch {
        // A hardened system may forbid it; the peak is then that of the process's life.
      }
    },
    bytes() {
      const nowBytes = process.memoryUsage.rss();
      if (!isLinux) return nowBytes;
      const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
      return Math.max(nowBytes, Number(kilobytes ?? 0) * 1_024);
    },
  };
}

/** Passes on the latest progress at most every 100 ms. */
function createProgress(unit: number, send: (message: FromStage) => void) {
  let latest: Progress | undefined;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    if (latest) send({ type: 'progress', unit, progress: latest });
    latest = undefined;
  };
  return {
    report(progress: Progress): void {
      latest = progress;
      timer ??= setTimeout(flush, progressIntervalMs);
    },
    stop: (): void => clearTimeout(timer),
  };
}

async function load(loadStage: LoadStage, kind: string): Promise<StageImplementation> {
  const implementation = await loadStage(kind);
  if (!implementation) throw new MillraceError('stage_invalid_payload', `This agent has no code for “${kind}”.`);
  return implementation;
}

async function run(loadStage: LoadStage, order: RunOrder, send: (message: FromStage) => void): Promise<FromStage> {
  const { unit, kind } = order;
  const peak = createPeakMemory();
  peak.begin();
  const progress = createProgress(unit, send);
  const memoryTimer =
    process.platform === 'linux'
      ? undefined
      : setInterval(() => send({ type: 'memory', unit, rssBytes: process.memoryUsage.rss() }), memoryIntervalMs);
  const fail = (thrown: unknown, fallback: ErrorCode): FromStage => ({
    type: 'failed',
    unit,
    error: failureOf(thrown, fallback),
    peakMemoryBytes: peak.bytes(),
  });
  try {
    const implementation = await load(loadStage, kind);
    const options = stageDefinition(kind)?.options.safeParse(order.options);
    if (options && !options.success) return fail(new MillraceError('stage_invalid_payload'), 'stage_invalid_payload');
    const { outputs, summary } = await implementation.run({
      options: options ? options.data : order.options,
      inputs: order.inputs,
      scratchDir: order.scratchDir,
      // The agent stops a unit by ending its process.
      signal: new AbortController().signal,
      progress: progress.report,
      hub: order.hub,
    });
    const engine = implementation.engine();
    return { type: 'done', unit, outputs: [...outputs], summary, engine, peakMemoryBytes: peak.bytes() };
  } catch (thrown) {
    return fail(thrown, 'stage_failed');
  } finally {
    progress.stop();
    clearInterval(memoryTimer);
  }
}

async function answer(loadStage: LoadStage, order: ToStage, send: (message: FromStage) => void): Promise<FromStage> {
  if (order.type === 'run') return await run(loadStage, order, send);
  const { unit, kind } = order;
  try {
    const implementation = await load(loadStage, kind);
    if (order.type === 'check') {
      if (!implementation.check) throw new MillraceError('stage_invalid_payload', `“${kind}” has no check.`);
      const { signal } = new AbortController();
      return { type: 'checked', unit, facts: await implementation.check({ scratchDir: order.scratchDir, signal }) };
    }
    return { type: 'engine', unit, engine: implementation.engine(), needsHub: implementation.needsHub ?? false };
  } catch (thrown) {
    return { type: 'failed', unit, error: failureOf(thrown, 'stage_failed'), peakMemoryBytes: 0 };
  }
}

/** Makes this process a stage process. Returns at once; the process lives until its channel to the agent closes. */
export function serveStages(loadStage: LoadStage): void {
  try {
    // First of all, so that the threads of media libraries inherit it.
    os.setPriority(niceness);
  } catch {
    // Not allowed everywhere; the work is the same.
  }
  // Whatever it is doing: without the agent nobody waits for it.
  process.on('disconnect', () => process.exit(0));
  const send = (message: FromStage): void => {
    process.send?.(message);
  };
  process.on('message', (raw: unknown) => {
    const order = toStageSchema.parse(raw);
    void answer(loadStage, order, send).then(send);
  });
}
