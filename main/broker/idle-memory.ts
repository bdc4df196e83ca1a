/**
 * Gives memory back after a burst. V8 collects its old generation only when that has grown by half or more, and keeps emptied pages
 * for a next burst, so all of it would stay resident for as long as the broker then has little to do. Here a full collection runs
 * once hardly anybody has asked for anything for a second; never under load, and never on a heap so large that the pause would be
 * long (about 0.2 s at 150 MB).
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const CALM_TICKS = 10;
/** Waiting workers still ask now and then: 40 commands a second are calm. */
const CALM_COMMANDS = 4;
const MIN_GROWTH_BYTES = 16 << 20;
const MAX_USED_BYTES = 192 << 20;

/** Called ten times a second with the number of commands so far, the bytes of heap in use, and those taken from the system for it. */
export type IdleMemory = (commands: number, usedBytes: number, takenBytes: number) => void;

/** `collect` frees what can be freed and gives the bytes that are still taken. */
export function createIdleMemory(collect: () => number): IdleMemory {
  let commandsBefore = 0;
  let calmTicks = 0;
  let keptBytes = 0;
  return (commands, usedBytes, takenBytes) => {
    calmTicks = commands - commandsBefore <= CALM_COMMANDS ? calmTicks + 1 : 0;
    commandsBefore = commands;
    if (calmTicks < CALM_TICKS || usedBytes > MAX_USED_BYTES || takenBytes < keptBytes + MIN_GROWTH_BYTES) return;
    keptBytes = collect();
  };
}

/** V8's full collection that also returns pages; V8 hands it to a context that is made while the flag is set. */
export function createCollector(): () => number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return () => {
    if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    return getHeapStatistics().total_heap_size;
  };
}
