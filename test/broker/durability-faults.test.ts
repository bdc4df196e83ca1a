/**
 * The log when the disk fails at a chosen moment: an end at every single step of the switch to new files, a full disk, an fsync that
 * fails, files that something has changed. On a simulated disk; the same with a real full disk is in durability-disk-full.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DIR, type LogLab, openLab } from './support/log-lab.ts';
import { randomFrom, SimulatedDisk, Stopped } from './support/simulated-disk.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const MISCONF = /^MISCONF /;
const errorOf = (reply: unknown): string =>
  typeof reply === 'object' && reply !== null && 'error' in reply ? String(reply.error) : '';

/** Units 0 to 9, a switch of files with units 10 to 19 during it, then 20 to 24. Returns how many were acknowledged. */
async function workThrough(lab: LogLab): Promise<number> {
  let acknowledged = 0;
  const turn = (n: number): void => {
    lab.unit(n, n % 2 === 0, 'x'.repeat(700));
    if (lab.flush()) acknowledged = n + 1;
  };
  try {
    for (let n = 0; n < 10; n++) turn(n);
    void lab.engine.log.rewrite();
    for (let n = 10; n < 20; n++) {
      await lab.pass(7);
      turn(n);
    }
    await lab.pass(200);
    for (let n = 20; n < 25; n++) turn(n);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
  return acknowledged;
}

async function stopAt(operation: number): Promise<{ disk: SimulatedDisk; acknowledged: number }> {
  const disk = new SimulatedDisk();
  const lab = await openLab(disk, 'always', 'boot 1');
  disk.latencyMs = 10;
  disk.stopAt = operation;
  const acknowledged = await workThrough(lab);
  vi.clearAllTimers();
  return { disk, acknowledged };
}

describe('an end at any step of the switch to new files', () => {
  it('leaves a folder that starts clean, with all that was acknowledged', async () => {
    const { disk: whole, acknowledged: all } = await stopAt(Infinity);
    expect(all).toBe(25);
    const steps = whole.journal;
    // The switch really ran, from the new log to the removal of the old one.
    for (const step of [
      'create /data/000002.log',
      'rename /data/000002.base.tmp /data/000002.base',
      'remove /data/000001.log',
    ]) {
      expect(steps).toContain(step);
    }
    const random = randomFrom(7);
    const first = steps.indexOf('sync folder /data') + 1;
    for (let at = first; at <= steps.length; at++) {
      const { disk, acknowledged } = await stopAt(at);
      const ends = [disk.afterKill(), ...Array.from({ length: 6 }, () => disk.afterPowerCut(random))];
      for (const [index, end] of ends.entries()) {
        const lab = await openLab(end, 'always', index === 0 ? 'boot 1' : 'boot 2');
        expect(lab.wholeUnits(), `stopped before step ${at}: ${steps[at]}`).toBeGreaterThanOrEqual(acknowledged);
        // It is a working folder: it takes writes and another switch, and no leftovers lie about.
        lab.run('SET', 'later', '1');
        expect(lab.flush()).toBe(true);
        expect(await lab.engine.log.rewrite()).toBe(true);
        await lab.log.close();
        expect(end.list(DIR).sort()).toHaveLength(3);
        vi.clearAllTimers();
      }
    }
  });
});

describe('a full disk', () => {
  it('refuses writes, lets reads, cuts the part of a record back and recovers by itself', async () => {
    const disk = new SimulatedDisk();
    const lab = await openLab(disk, 'everysec', 'boot 1');
    for (let n = 0; n < 5; n++) lab.unit(n, true);
    expect(lab.flush()).toBe(true);
    const before = disk.contentOf(`${DIR}/000001.log`).length;
    disk.freeBytes = 30;
    lab.unit(5, true);
    expect(lab.flush()).toBe(false);
    expect(disk.contentOf(`${DIR}/000001.log`)).toHaveLength(before);
    expect(errorOf(lab.run('SET', 'a', 'b'))).toMatch(MISCONF);
    expect(errorOf(lab.unit(6, true))).toMatch(MISCONF);
    lab.run('MULTI');
    expect(errorOf(lab.run('SET', 'a', 'b'))).toMatch(MISCONF);
    expect(errorOf(lab.run('EXEC'))).toMatch(/^EXECABORT /);
    expect(lab.run('LLEN', 'list')).toBe(6);
    expect(lab.run('GET', 'a')).toBe(null);
    expect(lab.run('INFO', 'persistence')).toMatchObject({
      text: expect.stringContaining('aof_last_write_status:err'),
    });
    // What a kill leaves now is what was acknowledged.
    const killed = await openLab(disk.afterKill(), 'everysec', 'boot 1');
    expect(killed.wholeUnits()).toBe(5);
    disk.freeBytes = Infinity;
    await lab.pass(150);
    expect(lab.flush()).toBe(true);
    lab.unit(6, true);
    expect(lab.flush()).toBe(true);
    const later = await openLab(disk.afterKill(), 'everysec', 'boot 1');
    expect(later.wholeUnits()).toBe(7);
  });

  it('refuses the EXEC of what was queued before', async () => {
    const disk = new SimulatedDisk();
    const lab = await openLab(disk, 'everysec', 'boot 1');
    const other = lab.engine.newSession('client');
    lab.engine.run(other, ['MULTI']);
    lab.engine.run(other, ['SET', 'queued', '1']);
    disk.freeBytes = 0;
    lab.unit(0, true);
    expect(lab.flush()).toBe(false);
    expect(errorOf(lab.engine.run(other, ['EXEC']))).toMatch(/^EXECABORT .*MISCONF/);
    expect(lab.run('EXISTS', 'queued')).toBe(0);
  });

  it('fails a snapshot cleanly, goes on writing, and tries again later', async () => {
    const disk = new SimulatedDisk();
    const lab = await openLab(disk, 'everysec', 'boot 1');
    for (let n = 0; n < 50; n++) lab.unit(n, true, 'x'.repeat(500));
    expect(lab.flush()).toBe(true);
    lab.run('CONFIG', 'SET', 'auto-aof-rewrite-min-size', '1000');
    disk.freeBytes = 4000;
    await lab.pass(1000);
    expect(lab.engine.log.info).toMatchObject({
      aof_last_bgrewrite_status: 'err',
      aof_rewrites_consecutive_failures: 1,
    });
    expect(disk.list(DIR).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    lab.unit(50, true);
    expect(lab.flush()).toBe(true);
    disk.freeBytes = Infinity;
    await lab.pass(61_000);
    expect(lab.engine.log.info).toMatchObject({
      aof_last_bgrewrite_status: 'ok',
      aof_rewrites_consecutive_failures: 0,
    });
    const again = await openLab(disk.afterKill(), 'everysec', 'boot 1');
    expect(again.wholeUnits()).toBe(51);
  });
});

describe('an fsync that fails', () => {
  it.each([
    'always',
    'everysec',
  ] as const)('%s: refuses writes until new files stand, whatever later syncs say', async (appendfsync) => {
    const disk = new SimulatedDisk();
    const lab = await openLab(disk, appendfsync, 'boot 1');
    for (let n = 0; n < 5; n++) lab.unit(n, true);
    expect(lab.flush()).toBe(true);
    await lab.pass(1100);
    disk.failSyncOf = '000001.log';
    lab.unit(5, true);
    expect(lab.flush()).toBe(appendfsync === 'everysec');
    await lab.pass(1000);
    if (appendfsync === 'everysec') expect(errorOf(lab.run('SET', 'a', 'b'))).toMatch(MISCONF);
    // The file would take syncs again, but what they cover is not what was written.
    disk.failSyncOf = undefined;
    expect(lab.run('GET', 'count')).toBe('6');
    await lab.pass(2000);
    expect(disk.list(DIR).sort()).toEqual(['000002.base', '000002.log', 'manifest.json']);
    lab.unit(6, true);
    expect(lab.flush()).toBe(true);
    await lab.pass(1100);
    const random = randomFrom(3);
    for (let cut = 0; cut < 20; cut++) {
      const again = await openLab(disk.afterPowerCut(random), appendfsync, 'boot 2');
      expect(again.wholeUnits()).toBe(7);
    }
  });

  it('goes on refusing while new files cannot be synced either', async () => {
    const disk = new SimulatedDisk();
    const lab = await openLab(disk, 'always', 'boot 1');
    lab.unit(0, true);
    expect(lab.flush()).toBe(true);
    disk.failSyncOf = '.';
    lab.unit(1, true);
    expect(lab.flush()).toBe(false);
    await lab.pass(10_000);
    expect(errorOf(lab.run('SET', 'a', 'b'))).toMatch(MISCONF);
    for (let cut = 0, random = randomFrom(5); cut < 20; cut++) {
      const left = await openLab(disk.afterPowerCut(random), 'always', 'boot 2');
      expect([1, 2]).toContain(left.wholeUnits());
    }
    disk.failSyncOf = undefined;
    await lab.pass(31_000);
    expect(lab.run('SET', 'a', 'b')).toMatchObject({ status: 'OK' });
    expect(lab.flush()).toBe(true);
    const again = await openLab(disk.afterPowerCut(randomFrom(1)), 'always', 'boot 2');
    expect(again.wholeUnits()).toBe(2);
  });
});

describe('files that something has changed', () => {
  async function filled(): Promise<SimulatedDisk> {
    const disk = new SimulatedDisk();
    const lab = await openLab(disk, 'always', 'boot 1');
    for (let n = 0; n < 20; n++) {
      lab.unit(n, true);
      lab.flush();
      if (n === 10) await Promise.all([lab.engine.log.rewrite(), lab.pass(50)]);
    }
    vi.clearAllTimers();
    return disk.afterKill();
  }

  it.each(['000002.base', '000002.log'])('refuses a flipped bit anywhere in %s but its last records', async (name) => {
    const size = (await filled()).contentOf(`${DIR}/${name}`).length;
    for (let at = 0; at < size - 300; at += 37) {
      const disk = await filled();
      const bytes = disk.contentOf(`${DIR}/${name}`);
      bytes[at] = (bytes[at] ?? 0) ^ 4;
      // Even after a power cut: marks say that this was on disk.
      await expect(openLab(disk, 'always', 'boot 2'), `byte ${at}`).rejects.toThrow(`${DIR}/${name} is damaged`);
    }
  });

  it('refuses a snapshot that is cut off, wherever', async () => {
    const path = `${DIR}/000002.base`;
    const size = (await filled()).contentOf(path).length;
    for (let left = 0; left < size; left += 29) {
      const disk = await filled();
      disk.truncate(disk.open(path, 'append'), left);
      await expect(openLab(disk, 'always', 'boot 1'), `${left} bytes`).rejects.toThrow(`${path} is damaged`);
    }
  });

  it.each([
    ['a log that is missing', `${DIR}/000002.log`, /is missing/],
    ['a snapshot that is missing', `${DIR}/000002.base`, /is missing/],
    ['a manifest that is missing', `${DIR}/manifest.json`, /manifest.json, which should name it, is missing/],
  ])('refuses %s', async (_what, path, reason) => {
    const disk = await filled();
    await disk.remove(path);
    await expect(openLab(disk, 'always', 'boot 1')).rejects.toThrow(reason);
  });

  it('does not take for records what a value holds', async () => {
    const disk = new SimulatedDisk();
    const lab = await openLab(disk, 'no', 'boot 1');
    lab.unit(0, true);
    lab.flush();
    // A value that is a whole log of another broker, whose record is then torn.
    const foreign = await filled();
    lab.run('SET', 'log', foreign.contentOf(`${DIR}/000002.log`).toString('latin1'));
    lab.flush();
    vi.clearAllTimers();
    const killed = disk.afterKill();
    const bytes = killed.contentOf(`${DIR}/000001.log`);
    killed.truncate(killed.open(`${DIR}/000001.log`, 'append'), bytes.length - 5);
    const again = await openLab(killed, 'no', 'boot 1');
    expect(again.wholeUnits()).toBe(1);
    expect(again.run('EXISTS', 'log')).toBe(0);
  });
});
