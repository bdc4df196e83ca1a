/** What follows a failure, by class. */
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../contract/errors.ts';
import { uploadFinalStage } from '../../contract/stages/upload-final.ts';
import { afterFailure, type FailureHistory } from '../../main/hub/planner/failure-policy.ts';

const history = (change: Partial<FailureHistory> = {}): FailureHistory => ({
  patience: 0,
  blamedNodes: [],
  ableNodes: ['a', 'b', 'c', 'd'],
  unfitNodes: [],
  lostNodes: [],
  knownNodes: ['a', 'b', 'c', 'd'],
  ...change,
});
const decide = (code: ErrorCode, change: Partial<FailureHistory> = {}) =>
  afterFailure({ code, message: '' }, history(change), uploadFinalStage.retry);

describe('afterFailure', () => {
  test('input: the file is to blame at once', () => {
    expect(decide('input_truncated')).toEqual({ next: 'end', jobState: 'quarantined' });
  });
  test('target: five retries after 10 s, 20 s, 30 s …, then the end, blaming nobody', () => {
    const delays = [0, 1, 2, 3, 4].map((patience) => decide('target_timeout', { patience }));
    expect(delays).toEqual([1, 2, 3, 4, 5].map((n) => ({ next: 'retry', delayMs: n * 10_000, patience: n })));
    expect(decide('target_timeout', { patience: 5 })).toEqual({ next: 'end', jobState: 'failed' });
  });
  test('a lost machine says nothing about the file', () => {
    expect(decide('lost', { patience: 5 })).toEqual({ next: 'retry', delayMs: 0, patience: 5 });
  });
  test('machines that go down with it: three different ones, or all there are three times, and the file is to blame', () => {
    expect(decide('lost', { lostNodes: ['a', 'b'] }).next).toBe('retry');
    expect(decide('lost', { lostNodes: ['a', 'a', 'b'] }).next).toBe('retry');
    expect(decide('lost', { lostNodes: ['a', 'b', 'c'] })).toEqual({ next: 'end', jobState: 'quarantined' });
    expect(decide('lost', { lostNodes: ['a', 'a'], knownNodes: ['a'] }).next).toBe('retry');
    expect(decide('lost', { lostNodes: ['a', 'a', 'a'], knownNodes: ['a'] }).next).toBe('end');
  });
  test('a full disk of a machine is waited for without end', () => {
    expect(decide('node_disk_full', { patience: 5 })).toEqual({ next: 'retry', delayMs: 10_000, patience: 5 });
  });
  test('crash and error: three different machines, then the file', () => {
    expect(decide('stage_crashed', { blamedNodes: ['a', 'b'] }).next).toBe('retry');
    expect(decide('stage_crashed', { blamedNodes: ['a', 'b', 'c'] })).toEqual({ next: 'end', jobState: 'quarantined' });
    expect(decide('stage_failed', { blamedNodes: ['a', 'a', 'a'] }).next).toBe('retry');
  });
  test('with one machine: two tries', () => {
    expect(decide('stage_failed', { ableNodes: ['a'], blamedNodes: ['a'] }).next).toBe('retry');
    expect(decide('stage_failed', { ableNodes: ['a'], blamedNodes: ['a', 'a'] }).next).toBe('end');
  });
  test('resource: a bigger machine, and the end when there is none', () => {
    expect(decide('stage_out_of_memory', { unfitNodes: ['a'] }).next).toBe('retry');
    expect(decide('stage_out_of_memory', { unfitNodes: ['a', 'b', 'c', 'd'] })).toEqual({
      next: 'end',
      jobState: 'failed',
    });
  });
});
