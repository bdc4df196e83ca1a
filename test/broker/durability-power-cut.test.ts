/**
 * The power-cut model: whatever of the unsynced bytes and names a cut leaves, every start is clean, no acknowledged write of `always`
 * is lost, `everysec` loses the last second at most, and no script or transaction is there in part. Seeds by fast-check.
 */
import { asyncProperty, assert as check, integer } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppendFsync } from '../../main/broker/aof.ts';
import { type LogLab, openLab } from './support/log-lab.ts';
import { randomFrom, SimulatedDisk, Stopped } from './support/simulated-disk.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const GENERATIONS = 4;
const TURN_MS = 100;
/** So long that several turns pass during a switch of files. */
const DISK_LATENCY_MS = 60;

interface Acknowledged {
  readonly atMs: number;
  readonly units: number;
}

/** Runs turns of units until the disk stops or the turns are over; notes what was acknowledged and when. */
async function work(lab: LogLab, first: number, random: () => number): Promise<Acknowledged[]> {
  const acknowledged: Acknowledged[] = [];
  let next = first;
  try {
    for (let turn = 0; turn < 40; turn++) {
      for (let left = 1 + Math.floor(random() * 4); left > 0; left--) {
        lab.unit(next++, random() < 0.5, 'x'.repeat(random() < 0.2 ? 3000 : 10));
      }
      if (random() < 0.08) void lab.engine.log.rewrite();
      if (lab.flush()) acknowledged.push({ atMs: turn * TURN_MS, units: next });
      await lab.pass(TURN_MS);
    }
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
  return acknowledged;
}

async function survive(appendfsync: AppendFsync, seed: number, keptWithinMs: number): Promise<void> {
  const random = randomFrom(seed);
  let disk = new SimulatedDisk();
  let units = 0;
  for (let generation = 0; generation < GENERATIONS; generation++) {
    disk.stopAt = disk.operations + 5 + Math.floor(random() * 120);
    let acknowledged: Acknowledged[] = [];
    try {
      const lab = await openLab(disk, appendfsync, `boot ${generation}`);
      const found = lab.wholeUnits();
      expect(found).toBe(units);
      disk.latencyMs = DISK_LATENCY_MS;
      acknowledged = await work(lab, found, random);
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
    vi.clearAllTimers();
    const lastMs = acknowledged.at(-1)?.atMs ?? 0;
    const due = acknowledged.findLast(({ atMs }) => atMs <= lastMs - keptWithinMs)?.units ?? units;
    disk = disk.afterPowerCut(random);
    const again = await openLab(disk, appendfsync, `boot ${generation + 1}`);
    units = again.wholeUnits();
    expect(units).toBeGreaterThanOrEqual(due);
    await again.log.close();
    vi.clearAllTimers();
  }
}

describe('after a power cut', () => {
  it('always: nothing acknowledged is lost, nothing is there in part, every start is clean', async () => {
    await check(
      asyncProperty(integer(), (seed) => survive('always', seed, 0)),
      { numRuns: 60 },
    );
  });

  it('everysec: at most about the last second is lost', async () => {
    await check(
      asyncProperty(integer(), (seed) => survive('everysec', seed, 1000 + TURN_MS + DISK_LATENCY_MS)),
      { numRuns: 60 },
    );
  });

  it('no: what is left is whole, and the start is clean', async () => {
    await check(
      asyncProperty(integer(), (seed) => survive('no', seed, Infinity)),
      { numRuns: 40 },
    );
  });
});
