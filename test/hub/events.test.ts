/** The event log: numbers, replay, and the honest answer when what was asked for is gone. */
import { expect, test } from 'vitest';
import { createEventLog } from '../../main/hub/events.ts';

const event = (jobs: number) => ({ name: 'batch.created', data: { batchId: 'b', jobs } }) as const;

test('listeners and replays get the same frames, in order', () => {
  const log = createEventLog(100);
  const seen: string[] = [];
  const stop = log.subscribe((entry) => seen.push(entry.frame));
  for (let i = 0; i < 3; i++) log.emit(event(i));
  stop();
  log.emit(event(3));
  expect(seen).toHaveLength(3);
  expect(seen[0]).toBe('id: 100\nevent: batch.created\ndata: {"batchId":"b","jobs":0}\n\n');
  expect(log.since(99)?.map((entry) => entry.id)).toEqual([100, 101, 102, 103]);
  expect(log.since(102)?.map((entry) => entry.id)).toEqual([103]);
  expect(log.since(103)).toEqual([]);
});

test('what is gone, or from another run, is said to be gone', () => {
  const log = createEventLog(1_000, 5);
  for (let i = 0; i < 12; i++) log.emit(event(i));
  expect(log.since(1_011)).toEqual([]);
  expect(log.since(1_006)?.map((entry) => entry.id)).toEqual([1_007, 1_008, 1_009, 1_010, 1_011]);
  expect(log.since(1_005)).toBeNull();
  expect(log.since(999)).toBeNull();
  expect(log.since(5_000)).toBeNull();
});
