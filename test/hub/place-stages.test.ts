/** Placing as a pure function: order, fairness, choice of machine, depth, reasons. */
import { describe, expect, test } from 'vitest';
import {
  depth,
  explainWaiting,
  type PlacingNode,
  placeStages,
  type ReadyGroup,
  type ReadyStage,
} from '../../main/hub/planner/place-stages.ts';

const stage = (id: string, change: Partial<ReadyStage> = {}): ReadyStage => ({
  id,
  kind: 'watermark',
  queue: 'watermark',
  codeVersion: 1,
  jobId: `job-${id}`,
  batchId: 'a',
  priority: 'normal',
  privacy: 'any',
  sinceMs: 0,
  memoryBytes: 1e9,
  expectedMemoryBytes: 1e8,
  inputs: [{ sha256: 'x', sizeBytes: 1_000 }],
  failedOn: [],
  unfit: [],
  lostOn: [],
  lastFailure: null,
  ...change,
});
const node = (id: string, change: Partial<PlacingNode> & { concurrency?: number } = {}): PlacingNode => ({
  id,
  name: id,
  online: true,
  paused: false,
  local: false,
  trusted: false,
  taken: false,
  isBenched: () => false,
  memoryBytes: 8e9,
  freeMemoryBytes: 6e9,
  freeDiskBytes: 1e12,
  kinds: new Map([['watermark', { codeVersion: 1, concurrency: change.concurrency ?? 2 }]]),
  inFlight: new Map(),
  speedMs: new Map([['watermark', 1_000]]),
  holds: () => false,
  ...change,
});
const group = (stages: ReadyStage[], inFlight = 0): ReadyGroup => {
  const [first] = stages;
  if (!first) throw new Error('a group has stages');
  return { kind: first.kind, priority: first.priority, batchId: first.batchId, stages, inFlight };
};
const many = (count: number, prefix: string, change: Partial<ReadyStage> = {}) =>
  Array.from({ length: count }, (_, i) => stage(`${prefix}${i}`, change));
const never = new Map<string, number>();

describe('depth', () => {
  test('slow units: what computes, one that comes and one that goes', () => {
    expect(depth(2, 1_000)).toBe(4);
    expect(depth(2, undefined)).toBe(4);
    expect(depth(0, 10)).toBe(0);
  });
  test('short units: a quarter of a second of work, bounded', () => {
    expect(depth(2, 50)).toBe(2 + 10);
    expect(depth(2, 1)).toBe(2 + 32);
  });
});

describe('placeStages', () => {
  test('fills machines to their depth and leaves the rest', () => {
    const placements = placeStages([group(many(10, 's'))], [node('n1'), node('n2')], never, 0);
    expect(placements).toHaveLength(8);
    expect(placements.filter((p) => p.nodeId === 'n1')).toHaveLength(4);
  });
  test('first in, first out within a batch', () => {
    const placements = placeStages([group(many(3, 's'))], [node('n1')], never, 0);
    expect(placements.map((p) => p.stage.id)).toEqual(['s0', 's1', 's2']);
  });
  test('now before normal before bulk', () => {
    const groups = [
      group(many(2, 'b', { priority: 'bulk', batchId: 'b' })),
      group(many(2, 'n')),
      group(many(2, 'x', { priority: 'now', batchId: 'x' })),
    ];
    const ids = placeStages(groups, [node('n1')], never, 0).map((p) => p.stage.id);
    expect(ids).toEqual(['x0', 'x1', 'n0', 'n1']);
  });
  test('a priority that waited too long gets one placement', () => {
    const groups = [
      group(many(9, 'b', { priority: 'bulk', batchId: 'b' })),
      group(many(9, 'x', { priority: 'now', batchId: 'x' })),
    ];
    const ids = placeStages(groups, [node('n1')], new Map([['watermark bulk', 0]]), 600_000).map((p) => p.stage.id);
    expect(ids).toEqual(['b0', 'x0', 'x1', 'x2']);
  });
  test('batches share fairly, whatever their size and what they have in flight', () => {
    const groups = [group(many(100, 'a'), 2), group(many(3, 'b', { batchId: 'b' }), 0)];
    const ids = placeStages(groups, [node('n1', { concurrency: 3 })], never, 0).map((p) => p.stage.id);
    expect(ids).toEqual(['b0', 'b1', 'a0', 'b2', 'a1']);
  });
  test('the machine that is expected to finish first: speed, queue, bytes that it holds', () => {
    const fast = node('fast', { speedMs: new Map([['watermark', 100]]) });
    expect(placeStages([group([stage('s')])], [node('slow'), fast], never, 0)[0]?.nodeId).toBe('fast');
    const large = stage('l', { inputs: [{ sha256: 'big', sizeBytes: 500_000_000 }] });
    const holder = node('holder', { holds: (sha) => sha === 'big' });
    expect(placeStages([group([large])], [node('other'), holder], never, 0)[0]?.nodeId).toBe('holder');
  });
  test('not to a machine that is away, paused, of another version, too small or that failed it while another is left', () => {
    const refused = [
      node('away', { online: false }),
      node('paused', { paused: true }),
      node('old', { kinds: new Map([['watermark', { codeVersion: 2, concurrency: 2 }]]) }),
      node('small', { memoryBytes: 1 }),
      node('failed'),
      node('unfit'),
    ];
    const picky = stage('s', { failedOn: ['failed'], unfit: ['unfit'] });
    expect(placeStages([group([picky])], [...refused, node('good')], never, 0)[0]?.nodeId).toBe('good');
    expect(placeStages([group([picky])], refused, never, 0)[0]?.nodeId).toBe('failed');
  });
  test('a stage that fits nowhere does not hold back the ones behind it', () => {
    const stages = [stage('huge', { memoryBytes: 1e12 }), stage('small')];
    expect(placeStages([group(stages)], [node('n1')], never, 0).map((p) => p.stage.id)).toEqual(['small']);
  });
  test('10 000 waiting and 64 machines are decided in milliseconds', () => {
    const groups = Array.from({ length: 50 }, (_, i) => group(many(200, `g${i}-`, { batchId: `g${i}` })));
    const nodes = Array.from({ length: 64 }, (_, i) => node(`n${i}`));
    expect(placeStages(groups, nodes, never, 0)).toHaveLength(64 * 4);
  });
});

describe('explainWaiting', () => {
  const one = stage('s');
  test.each([
    ['no_machines', []],
    ['no_machines', [node('n', { online: false })]],
    ['no_machine_for_kind', [node('n', { kinds: new Map() })]],
    ['machines_paused', [node('n', { paused: true })]],
    ['needs_memory', [node('n', { memoryBytes: 1 })]],
    ['needs_disk', [node('n', { freeDiskBytes: 1 })]],
    ['machines_busy', [node('n')]],
  ] as const)('%s', (code, nodes) => {
    expect(explainWaiting(one, nodes).code).toBe(code);
  });
});

describe('memory', () => {
  const heavy = (id: string) => stage(id, { expectedMemoryBytes: 3e9 });
  const placedAt = (stages: ReadyStage[], nodes: PlacingNode[]) =>
    placeStages([group(stages)], nodes, never, 0).map(({ nodeId }) => nodeId);
  test('units begin only where they find room; those that lie behind them take over their room', () => {
    // 6 GB free: two of 3 GB compute, and two more lie ready behind them; four could compute at once.
    const roomy = node('a', { concurrency: 2 });
    expect(placedAt([heavy('1'), heavy('2'), heavy('3'), heavy('4'), heavy('5')], [roomy])).toHaveLength(4);
    const wide = node('a', { concurrency: 4 });
    expect(placedAt([heavy('1'), heavy('2'), heavy('3'), heavy('4'), heavy('5')], [wide])).toHaveLength(2);
  });
  test('an idle machine is tried in any case, and the reason names the memory', () => {
    const full = node('a', { freeMemoryBytes: 0 });
    expect(placedAt([heavy('1'), heavy('2')], [full])).toHaveLength(1);
    const busy = node('a', { freeMemoryBytes: 0, inFlight: new Map([['watermark', 1]]) });
    expect(explainWaiting(heavy('2'), [busy])).toEqual({ code: 'memory_busy', facts: { needed: '3.0 GB' } });
  });
});

describe('a stage that must run alone', () => {
  const suspect = stage('s', { lostOn: ['x', 'y'], priority: 'now' });
  const busy = (id: string, count: number) => node(id, { inFlight: new Map([['watermark', count]]) });
  test('gets an idle machine, and nothing else goes there', () => {
    const placed = placeStages([group([suspect]), group(many(9, 'm'))], [node('a'), busy('b', 1)], never, 0);
    expect(placed[0]).toMatchObject({ stage: { id: 's' }, nodeId: 'a' });
    expect(placed.slice(1).map(({ nodeId }) => nodeId)).toEqual(['b', 'b', 'b']);
    expect(placeStages([group(many(9, 'm'))], [node('a', { taken: true })], never, 0)).toEqual([]);
  });
  test('while none is idle, the one with the least work is kept free for it: it does not wait for ever', () => {
    const placed = placeStages([group([suspect]), group(many(9, 'm'))], [busy('a', 1), busy('b', 3)], never, 0);
    expect(placed.map(({ nodeId }) => nodeId)).toEqual(['b']);
    expect(explainWaiting(suspect, [busy('a', 1)]).code).toBe('waits_alone');
  });
});
