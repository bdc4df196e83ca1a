/** How busy this machine is: the figures of a heartbeat. */
import { statfs } from 'node:fs/promises';
import os from 'node:os';
import type { Clock } from '../common/clock.ts';
import type { NodeLoad } from '../contract/node.ts';

/** Looked at again after so long at the earliest, ms. */
const intervalMs = 1_000;

/** Bytes that an ordinary user may still write on the folder's file system. */
export async function freeDiskBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

interface CpuTimes {
  readonly busy: number;
  readonly all: number;
}

function cpuTimes(): CpuTimes {
  let busy = 0;
  let all = 0;
  for (const { times } of os.cpus()) {
    const used = times.user + times.nice + times.sys + times.irq;
    busy += used;
    all += used + times.idle;
  }
  return { busy, all };
}

/** A function that tells the load; figures are at most a second old, so that it may be asked often. */
export function createLoadMeter(parts: {
  readonly dataDir: string;
  readonly cacheBytes: () => number;
  readonly clock: Clock;
}): () => Promise<NodeLoad> {
  let before = cpuTimes();
  let lookedMs = Number.NEGATIVE_INFINITY;
  let cpu = 0;
  let freeDisk = 0;
  return async () => {
    const nowMs = parts.clock.monotonicMs();
    if (nowMs - lookedMs >= intervalMs) {
      lookedMs = nowMs;
      const now = cpuTimes();
      if (now.all > before.all) cpu = Math.min(1, Math.max(0, (now.busy - before.busy) / (now.all - before.all)));
      before = now;
      freeDisk = await freeDiskBytes(parts.dataDir).catch(() => freeDisk);
    }
    return {
      cpu: Math.round(cpu * 1_000) / 1_000,
      freeMemoryBytes: os.freemem(),
      freeDiskBytes: freeDisk,
      cacheBytes: parts.cacheBytes(),
    };
  };
}
