/** Who is to blame: machines that prove themselves or are benched, files that take machines down, and what blames nobody. */
import { afterEach, expect, test } from 'vitest';
import { leaseMs } from '../../contract/node.ts';
import { attemptsOfJob } from '../../main/hub/catalog/attempts.ts';
import { findJob } from '../../main/hub/catalog/jobs.ts';
import type { OpenAttempt } from '../../main/hub/planner/open-work.ts';
import { createPlannerLab, doneMark, failure, rightAnswer, wrongAnswer } from '../support/planner-lab.ts';

type Lab = Awaited<ReturnType<typeof createPlannerLab>>;
const labs: Lab[] = [];
const lab = async (...names: string[]): Promise<Lab> => {
  const made = await createPlannerLab(names);
  labs.push(made);
  return made;
};
afterEach(async () => {
  for (const one of labs.splice(0)) await one.close();
});
const open = (farm: Lab): OpenAttempt[] => [...farm.planner().open.attempts()];
const indexOf = (farm: Lab, nodeId: string): number => farm.nodes.findIndex((node) => node.id === nodeId);
const marksOf = (farm: Lab, index: number): OpenAttempt[] =>
  open(farm).filter(({ nodeId, stage }) => nodeId === farm.node(index).id && stage.kind === 'watermark');
const state = (farm: Lab, jobId: string) => findJob(farm.catalog, jobId)?.state;
/** The machine works on all that it has, and says so. */
const beat = (farm: Lab, index: number): void => {
  const held = farm.planner().open.attemptsOfNode(farm.node(index).id);
  farm.planner().leases.renew(
    farm.node(index).id,
    held.map(({ id }) => ({ id, progress: null })),
    false,
  );
};
/** Machines vanish in this moment, with all they had. */
async function vanish(farm: Lab, ...indexes: number[]): Promise<void> {
  for (const index of indexes) farm.setNode(index, { online: false });
  for (const index of indexes) farm.planner().leases.nodeGone(farm.node(index).id);
  await farm.settle();
}
async function comeBack(farm: Lab, ...indexes: number[]): Promise<void> {
  for (const index of indexes) farm.setNode(index, { online: true });
  // What was lost is judged some seconds later.
  farm.clock.advance(10_000);
  farm.planner().leases.expire();
  await farm.settle();
}

test('a machine that fails fast and misses its known answer is benched, and no file is blamed for it', async () => {
  const farm = await lab('broken', 'sound');
  const jobs: string[] = [];
  for (let at = 0; at < 20; at++) jobs.push(await farm.drop(`${at}.jpg`, at.toString(16).padStart(2, '0')));
  let failed = 0;
  for (let first = marksOf(farm, 0)[0]; first; first = marksOf(farm, 0)[0]) {
    await farm.answer(first.id, failure('stage_crashed', wrongAnswer('watermark')), 0);
    failed++;
  }
  expect(failed).toBe(1);
  for (let first = marksOf(farm, 1)[0]; first; first = marksOf(farm, 1)[0]) await farm.answer(first.id, doneMark, 1);
  expect(jobs.map((jobId) => state(farm, jobId))).toEqual(jobs.map(() => 'running'));
  // Benched for this kind alone.
  expect(open(farm).some(({ nodeId, stage }) => nodeId === farm.node(0).id && stage.kind === 'upload-final')).toBe(
    true,
  );
});

test('one that passed its check counts: after enough of them the file is to blame, with what each machine said', async () => {
  const farm = await lab('n1', 'n2', 'n3', 'n4');
  const jobId = await farm.drop('poison.jpg');
  for (let attempt = open(farm)[0]; attempt; attempt = open(farm)[0])
    await farm.answer(attempt.id, failure('stage_crashed', rightAnswer('watermark')), indexOf(farm, attempt.nodeId));
  expect(state(farm, jobId)).toBe('quarantined');
  const tries = attemptsOfJob(farm.catalog, jobId);
  expect(new Set(tries.map((attempt) => attempt.nodeName)).size).toBe(3);
  for (const { error } of tries) expect(error).toMatchObject({ code: 'stage_crashed', details: { check: 'passed' } });
});

test('a failed try of a machine that missed its check is not counted, after a restart neither', async () => {
  const farm = await lab('n1');
  const jobId = await farm.drop('a.jpg');
  for (let round = 0; round < 5; round++) {
    const [attempt] = open(farm);
    await farm.answer(attempt?.id ?? '', failure('stage_crashed', wrongAnswer('watermark')));
    expect(open(farm)).toEqual([]);
    const [waiting] = farm.planner().open.waitingOfJob(jobId);
    expect(waiting && farm.planner().explainer()(waiting)).toEqual({
      code: 'machines_benched',
      facts: { kind: 'watermark', machines: 'n1' },
    });
    await farm.restart();
    expect(open(farm)).toEqual([]);
    farm.planner().checks.reported(farm.node(0).id, [{ kind: 'watermark', ...rightAnswer('watermark') }]);
    await farm.settle();
    expect(open(farm)).toHaveLength(1);
  }
  expect(farm.planner().checks.benchesOf(farm.node(0).id)).toEqual([]);
  await farm.answer(open(farm)[0]?.id ?? '', doneMark);
  expect(state(farm, jobId)).toBe('running');
});

test('a machine that computes wrongly never fails, and is found by its known answer: at its start and by the routine', async () => {
  const farm = await lab('n1', 'n2');
  const { capability, id } = farm.node(0);
  const withCheck = (report: ReturnType<typeof rightAnswer>) => ({
    ...capability,
    kinds: capability.kinds.map((can) => (can.kind === 'watermark' ? { ...can, check: report } : can)),
  });
  await farm.planner().checks.hello(id, withCheck(wrongAnswer('watermark')));
  for (const digit of ['1', '2', '3']) await farm.drop(`${digit}.jpg`, digit);
  expect(marksOf(farm, 0)).toEqual([]);
  expect(farm.planner().checks.benchesOf(id)).toMatchObject([
    { kind: 'watermark', error: { message: expect.stringContaining('red is 7 instead of 255') } },
  ]);
  // The way back: asked again after a minute, then after two …
  const asked = (): string[] => farm.planner().checks.due(id, capability);
  expect(asked()).toEqual([]);
  farm.clock.advance(60_000);
  expect(asked()).toEqual(['watermark']);
  expect(asked()).toEqual([]);
  farm.planner().checks.reported(id, [{ kind: 'watermark', ...wrongAnswer('watermark') }]);
  await farm.settle();
  farm.clock.advance(119_000);
  expect(asked()).toEqual([]);
  farm.clock.advance(1_000);
  expect(asked()).toEqual(['watermark']);
  // The owner's way: at once, and tested at once.
  await farm.planner().checks.unbench(id, 'watermark');
  await farm.settle();
  await farm.drop('4.jpg', '4');
  expect(marksOf(farm, 0).length).toBeGreaterThan(0);
  expect(asked()).toEqual(['watermark']);
  farm.planner().checks.reported(id, [{ kind: 'watermark', ...wrongAnswer('watermark') }]);
  await farm.settle();
  expect(marksOf(farm, 0)).toEqual([]);
  // A sound one is asked every six hours.
  farm.planner().checks.reported(id, [{ kind: 'watermark', ...rightAnswer('watermark') }]);
  await farm.settle();
  farm.clock.advance(6 * 3_600_000 - 1);
  expect(asked()).toEqual([]);
  farm.clock.advance(1);
  expect(asked()).toEqual(['watermark']);
});

test('a file that takes machines down is quarantined after three of them; those that were lost beside it are done', async () => {
  const farm = await lab('n1', 'n2', 'n3', 'n4');
  const poison = await farm.drop('poison.jpg', '0');
  const others: string[] = [];
  for (let at = 1; at <= 12; at++) others.push(await farm.drop(`${at}.jpg`, at.toString(16)));
  for (let round = 0; state(farm, poison) !== 'quarantined'; round++) {
    expect(round).toBeLessThan(40);
    const attempt = open(farm).find(({ stage }) => stage.jobId === poison);
    if (attempt) {
      const index = indexOf(farm, attempt.nodeId);
      if (attempt.stage.lostOn.length === 2)
        expect(farm.planner().open.attemptsOfNode(attempt.nodeId)).toEqual([attempt]);
      beat(farm, index);
      await vanish(farm, index);
      await comeBack(farm, index);
      continue;
    }
    // It waits for an idle machine; the others come to their end.
    const [any] = open(farm);
    const result = any?.stage.kind === 'watermark' ? doneMark : failure('target_timeout');
    if (any) await farm.answer(any.id, result, indexOf(farm, any.nodeId));
  }
  expect(findJob(farm.catalog, poison)?.error).toMatchObject({ code: 'machines_went_down' });
  const lost = attemptsOfJob(farm.catalog, poison).filter((attempt) => attempt.state === 'lost');
  expect(new Set(lost.map((attempt) => attempt.nodeId)).size).toBeGreaterThanOrEqual(3);
  expect(lost.length).toBeLessThanOrEqual(4);
  expect(others.map((jobId) => state(farm, jobId))).not.toContain('quarantined');
});

test('machines that vanish together were cut off together: no file is blamed, however often', async () => {
  const farm = await lab('n1', 'n2', 'n3');
  const jobs = [await farm.drop('a.jpg', '1'), await farm.drop('b.jpg', '2'), await farm.drop('c.jpg', '3')];
  for (let round = 0; round < 6; round++) {
    for (const index of [0, 1, 2]) beat(farm, index);
    await vanish(farm, 0, 1, 2);
    await comeBack(farm, 0, 1, 2);
  }
  expect(jobs.map((jobId) => state(farm, jobId))).toEqual(['running', 'running', 'running']);
  expect(open(farm).map(({ stage }) => stage.lostOn)).toEqual([[], [], []]);
});

test('a file that kills one agent after the other within seconds is found all the same', async () => {
  const farm = await lab('n1', 'n2', 'n3', 'n4');
  const poison = await farm.drop('poison.jpg', '0');
  for (let round = 0; state(farm, poison) !== 'quarantined'; round++) {
    expect(round).toBeLessThan(30);
    const [attempt] = open(farm);
    if (attempt) {
      beat(farm, indexOf(farm, attempt.nodeId));
      // It was started again at once, and knows nothing of what it did.
      farm.planner().leases.hello(attempt.nodeId, 'another', []);
    }
    farm.clock.advance(1_000);
    farm.planner().leases.expire();
    await farm.settle();
  }
  expect(attemptsOfJob(farm.catalog, poison).length).toBeLessThanOrEqual(4);
});

test('what lies at a machine that vanishes, and was not begun, is not suspected', async () => {
  const farm = await lab('n1');
  const jobId = await farm.drop('a.jpg');
  for (let round = 0; round < 5; round++) {
    await vanish(farm, 0);
    await comeBack(farm, 0);
  }
  expect(open(farm)).toMatchObject([{ stage: { jobId, lostOn: [] } }]);
});

test('a full disk of a machine blames nobody: it waits, and is tried again without end', async () => {
  const farm = await lab('n1');
  const jobId = await farm.drop('a.jpg');
  for (let round = 0; round < 20; round++) {
    await farm.answer(open(farm)[0]?.id ?? '', failure('node_disk_full'));
    const [waiting] = farm.planner().open.waitingOfJob(jobId);
    expect(waiting && farm.planner().explainer()(waiting)).toMatchObject({ code: 'back_off' });
    farm.clock.advance(leaseMs);
    await farm.settle();
  }
  expect(open(farm)).toMatchObject([{ stage: { patience: 0, failedOn: [] } }]);
});
