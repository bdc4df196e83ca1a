/** The window's pure parts: events, the farm between two readings, rows of a lane, calm repeating, and the two languages. */
import { describe, expect, test } from 'vitest';
import type { HubEvent } from '../../contract/hub-events.ts';
import { machineWord } from '../../renderer/components/machine-word.ts';
import { parseFrame } from '../../renderer/live/event-stream.ts';
import { applyToFarm, namesUnknownNode } from '../../renderer/live/farm-changes.ts';
import { throttled } from '../../renderer/live/throttled.ts';
import { textsOf } from '../../renderer/messages/index.ts';
import { layLane } from '../../renderer/race/lane-slots.ts';
import { createLoadFarm } from './support/load-farm.ts';

const farmOf = () => createLoadFarm({ machines: 3, done: 2, waiting: 5, failed: 0, stepMs: 1_000 }).farm();
const nowMs = Date.parse('2026-05-01T10:00:10Z');

function attempt(nodeId: string, state: 'placed' | 'running' | 'done' | 'lost', attemptId = 'a~1'): HubEvent {
  const at = '2026-05-01T10:00:00.000Z';
  return {
    name: 'attempt.state',
    data: { attemptId, jobId: 'j', itemId: 'i', item: 'cat.png', kind: 'watermark', nodeId, state, at },
  };
}

describe('frames of the event stream', () => {
  test('become events with their id', () => {
    expect(parseFrame('id: 7\nevent: settings.changed\ndata: {}')).toEqual({
      id: 7,
      event: { name: 'settings.changed', data: {} },
    });
  });
  test.each([
    'event: unheard-of\ndata: {}',
    'id: 1\nevent: job.state\ndata: {"jobId":1}',
    'event: reset\ndata: {',
    'event: toString\ndata: {}',
  ])('are left aside when they do not fit: %s', (frame) => expect(parseFrame(frame)).toBeNull());
});

describe('the farm between two readings', () => {
  test('an attempt enters its lane, moves, and leaves it', () => {
    const farm = farmOf();
    const id = farm.nodes[0]?.id ?? '';
    const progress = { done: 25, total: 100, unit: '%' };
    const begun = applyToFarm(farm, [attempt(id, 'placed'), attempt(id, 'running')], nowMs);
    expect(begun.nodes[0]?.running.map((running) => running.item)).toEqual(['cat.png']);
    const moved = applyToFarm(
      begun,
      [{ name: 'attempt.progress', data: { attemptId: 'a~1', jobId: 'j', nodeId: id, progress } }],
      nowMs,
    );
    // A quarter took ten seconds; three quarters are left.
    expect(moved.nodes[0]?.running[0]).toMatchObject({ progress, etaMs: 30_000 });
    const done = applyToFarm(moved, [attempt(id, 'done')], nowMs);
    expect(done.nodes[0]?.running).toEqual([]);
    expect(done.nodes[0]?.done).toBe((farm.nodes[0]?.done ?? 0) + 1);
  });

  test('nothing that it shows is drawn again for events that change nothing', () => {
    const farm = farmOf();
    expect(
      applyToFarm(farm, [{ name: 'settings.changed', data: {} }, attempt('somebody else', 'running')], nowMs),
    ).toBe(farm);
  });

  test('a removed machine goes, a silent one holds nothing, an unknown one is noticed', () => {
    const farm = farmOf();
    const [first, second] = farm.nodes;
    const events: HubEvent[] = [
      { name: 'node.state', data: { nodeId: first?.id ?? '', name: 'x', state: 'removed' } },
      attempt(second?.id ?? '', 'running'),
      { name: 'node.state', data: { nodeId: second?.id ?? '', name: 'renamed', state: 'silent' } },
    ];
    const after = applyToFarm(farm, events, nowMs);
    expect(after.nodes.map((node) => [node.name, node.state, node.running.length])).toEqual([
      ['renamed', 'silent', 0],
      [farm.nodes[2]?.name, farm.nodes[2]?.state, 0],
    ]);
    expect(namesUnknownNode(farm, events)).toBe(false);
    expect(
      namesUnknownNode(farm, [{ name: 'node.state', data: { nodeId: 'new', name: 'new', state: 'online' } }]),
    ).toBe(true);
  });
});

describe('the word for a machine', () => {
  const running = createLoadFarm({ machines: 1, done: 0, waiting: 3, failed: 0, stepMs: 1_000 });
  running.tick(nowMs);
  const [busy] = running.farm().nodes;
  const [idle] = farmOf().nodes;
  if (busy === undefined || idle === undefined) throw new Error('no machines');
  test.each([
    ['online', idle, 'online', false],
    ['working', busy, 'online', false],
    ['paused', idle, 'online', true],
    ['working', busy, 'online', true],
    ['paused', idle, 'paused', false],
    ['finishing', busy, 'paused', false],
    ['silent', busy, 'silent', true],
  ] as const)('%s', (word, node, state, allPaused) => {
    expect(machineWord({ ...node, state }, allPaused)).toBe(word);
  });
});

describe('rows of a lane', () => {
  const running = (attemptId: string) => ({
    attemptId,
    jobId: 'j',
    itemId: 'i',
    item: attemptId,
    kind: 'watermark',
    progress: null,
    startedAt: null,
    etaMs: null,
  });
  const rowsOf = (lane: ReturnType<typeof layLane>) =>
    Object.fromEntries(lane.riders.map((rider) => [rider.attemptId, rider.row]));

  test('an item keeps its row while others come and go; what finds none is counted', () => {
    const first = layLane(new Map(), [running('a'), running('b'), running('c')], [], 2);
    expect([rowsOf(first), first.hidden]).toEqual([{ a: 0, b: 1 }, 1]);
    const leaving = [{ attemptId: 'a', item: 'a', itemId: 'i', kind: 'watermark', atMs: 0 }];
    const second = layLane(new Map(Object.entries(rowsOf(first))), [running('b'), running('c')], leaving, 2);
    expect([rowsOf(second), second.hidden]).toEqual([{ b: 1, c: 0, a: 0 }, 0]);
    expect(second.riders.find((rider) => rider.attemptId === 'a')).toMatchObject({ leaving: true, share: 1 });
  });
});

test('a wish during a run is met by one more run, never two at once', async () => {
  const ends: (() => void)[] = [];
  const wish = throttled(0, () => new Promise<void>((resolve) => ends.push(resolve)));
  wish();
  wish();
  await expect.poll(() => ends.length).toBe(1);
  wish();
  wish();
  ends[0]?.();
  await expect.poll(() => ends.length).toBe(2);
  ends[1]?.();
  wish();
  await expect.poll(() => ends.length).toBe(3);
});

describe('the two languages', () => {
  const leaves = (node: unknown, path = ''): [string, string][] =>
    typeof node === 'string'
      ? [[path, node]]
      : Object.entries(node ?? {}).flatMap(([key, child]) => leaves(child, `${path}.${key}`));
  const english = new Map(leaves(textsOf('en')));
  const german = new Map(leaves(textsOf('de')));

  test('have the same texts, none of them empty, with the same things filled in', () => {
    const fillings = (text: string) => [...text.matchAll(/\{\{[^}]+\}\}/g)].map(([filling]) => filling).toSorted();
    expect([...german.keys()]).toEqual([...english.keys()]);
    for (const [path, text] of english) {
      expect(text.trim(), path).not.toBe('');
      expect(fillings(german.get(path) ?? ''), path).toEqual(fillings(text));
    }
  });

  test('every counted text has a singular and a plural', () => {
    const counted = [...english.keys()]
      .filter((path) => /_(one|other)$/.test(path))
      .map((path) => path.replace(/_(one|other)$/, ''));
    for (const path of counted)
      expect([...english.keys()]).toEqual(expect.arrayContaining([`${path}_one`, `${path}_other`]));
  });

  test('never speak of jobs, stages, leases or nodes', () => {
    const ours = [...english].filter(([, text]) =>
      /\b(jobs?|stages?|leases?|nodes?|attempts?|blobs?)\b/i.test(text.replace('Node.js', '')),
    );
    expect(ours).toEqual([]);
  });
});
