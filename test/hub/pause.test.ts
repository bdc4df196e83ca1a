/** Pausing jobs, batches, machines and everything, orderly stops, and where the bytes of a job may go. */
import { afterEach, expect, test } from 'vitest';
import { attemptsOfJob } from '../../main/hub/catalog/attempts.ts';
import { findJob } from '../../main/hub/catalog/jobs.ts';
import type { OpenAttempt } from '../../main/hub/planner/open-work.ts';
import { createPlannerLab, doneMark } from '../support/planner-lab.ts';

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
const indexOf = (farm: Lab, nodeId: string | undefined): number => farm.nodes.findIndex((node) => node.id === nodeId);
const reason = (farm: Lab, jobId: string): string | undefined => {
  const [stage] = farm.planner().open.waitingOfJob(jobId);
  return stage && farm.planner().explainer()(stage).code;
};
const states = (farm: Lab, jobId: string) => attemptsOfJob(farm.catalog, jobId).map((attempt) => attempt.state);

test('a paused job: taken back, not placed, its late result refused; resumed, it goes on and nobody was blamed', async () => {
  const farm = await lab('n1');
  const jobId = await farm.drop('a.jpg');
  const [attempt] = open(farm);
  await farm.planner().pause(jobId);
  await farm.settle();
  expect(findJob(farm.catalog, jobId)?.state).toBe('paused');
  expect(farm.withdrawn).toEqual([attempt?.id]);
  // The node hears it with its next heartbeat.
  expect(farm.planner().leases.renew(farm.node(0).id, [{ id: attempt?.id ?? '', progress: null }], false)).toEqual([
    attempt?.id,
  ]);
  await expect(farm.answer(attempt?.id ?? '', doneMark)).rejects.toMatchObject({ code: 'attempt_closed' });
  expect(open(farm)).toEqual([]);
  expect(reason(farm, jobId)).toBe('job_paused');
  await expect(farm.planner().pause(jobId)).rejects.toMatchObject({ code: 'conflict' });
  await farm.restart();
  expect(open(farm)).toEqual([]);
  await farm.planner().resume(jobId);
  await farm.settle();
  expect(open(farm)).toMatchObject([{ stage: { failedOn: [], lostOn: [], patience: 0 } }]);
  expect(states(farm, jobId)).toEqual(['paused', 'placed']);
  await farm.answer(open(farm)[0]?.id ?? '', doneMark);
  expect(findJob(farm.catalog, jobId)).toMatchObject({ state: 'running', stagesDone: 1 });
});

test('twins do not wait for a paused job: the next one computes, and the paused one has the result when it goes on', async () => {
  const farm = await lab('n1');
  const first = await farm.drop('a.jpg');
  const twin = await farm.drop('b.jpg');
  await farm.planner().pause(first);
  await farm.settle();
  expect(open(farm).map(({ stage }) => stage.jobId)).toEqual([twin]);
  await farm.answer(open(farm)[0]?.id ?? '', doneMark);
  expect(findJob(farm.catalog, first)).toMatchObject({ state: 'paused', stagesDone: 1 });
  expect(open(farm).every(({ stage }) => stage.jobId === twin)).toBe(true);
  await farm.planner().resume(first);
  await farm.settle();
  expect(open(farm).some(({ stage }) => stage.jobId === first && stage.kind === 'upload-final')).toBe(true);
});

test('a paused batch holds its jobs and those that still come; resumed, all of them go', async () => {
  const farm = await lab('n1');
  const early = await farm.drop('a.jpg', '1');
  await farm.planner().pauseBatch(farm.batchId);
  const late = await farm.drop('b.jpg', '2');
  expect([early, late].map((jobId) => findJob(farm.catalog, jobId)?.state)).toEqual(['paused', 'paused']);
  expect(open(farm)).toEqual([]);
  await farm.planner().resumeBatch(farm.batchId);
  await farm.settle();
  expect(new Set(open(farm).map(({ stage }) => stage.jobId))).toEqual(new Set([early, late]));
});

test('everything paused: all is taken back, nothing is placed, and each stage says so', async () => {
  const farm = await lab('n1', 'n2');
  const jobs = [await farm.drop('a.jpg', '1'), await farm.drop('b.jpg', '2')];
  await farm.pauseAll(true);
  jobs.push(await farm.drop('c.jpg', '3'));
  expect(open(farm)).toEqual([]);
  expect(jobs.map((jobId) => reason(farm, jobId))).toEqual(['all_paused', 'all_paused', 'all_paused']);
  await farm.pauseAll(false);
  expect(open(farm)).toHaveLength(3);
});

test('a machine whose owner pauses keeps what it still lists; the rest goes elsewhere at once, without blame', async () => {
  const farm = await lab('n1', 'n2');
  const jobs: string[] = [];
  for (const digit of ['1', '2', '3', '4']) jobs.push(await farm.drop(`${digit}.jpg`, digit));
  const mine = open(farm).filter(({ nodeId }) => nodeId === farm.node(0).id);
  expect(mine.length).toBeGreaterThan(1);
  farm.setNode(0, { paused: true });
  farm.planner().leases.renew(farm.node(0).id, [{ id: mine[0]?.id ?? '', progress: null }], true);
  await farm.settle();
  expect(
    farm
      .planner()
      .open.attemptsOfNode(farm.node(0).id)
      .map(({ id }) => id),
  ).toEqual([mine[0]?.id]);
  expect(open(farm)).toHaveLength(4);
  expect(open(farm).every(({ stage }) => stage.failedOn.length + stage.lostOn.length === 0)).toBe(true);
  expect(jobs.flatMap((jobId) => states(farm, jobId))).not.toContain('lost');
});

test('a machine that says goodbye: what it does not keep is elsewhere in the same moment', async () => {
  const farm = await lab('n1', 'n2');
  const jobId = await farm.drop('a.jpg');
  const [first] = open(farm);
  const going = indexOf(farm, first?.nodeId);
  farm.setNode(going, { online: false });
  farm.planner().leases.takeBack(farm.node(going).id, []);
  await farm.settle();
  expect(open(farm)).toMatchObject([{ nodeId: farm.node(1 - going).id, stage: { jobId } }]);
  await expect(farm.answer(first?.id ?? '', doneMark, going)).rejects.toMatchObject({ code: 'attempt_closed' });
});

test('privacy: this machine only, trusted ones, any; and the reason while none is there', async () => {
  const farm = await lab('own', 'friend', 'stranger');
  farm.setNode(0, { local: true, trusted: true });
  farm.setNode(1, { trusted: true });
  const place = async (digit: string, privacy: 'this-machine' | 'trusted'): Promise<string | undefined> => {
    const jobId = await farm.drop(`${digit}.jpg`, digit, 'normal', privacy);
    return farm.nodes.find(({ id }) => id === open(farm).find(({ stage }) => stage.jobId === jobId)?.nodeId)?.name;
  };
  for (let at = 1; at <= 4; at++) expect(await place(String(at), 'this-machine')).toBe('own');
  for (let at = 5; at <= 8; at++) expect(await place(String(at), 'trusted')).not.toBe('stranger');
  farm.setNode(0, { online: false });
  farm.setNode(1, { online: false });
  const secret = await farm.drop('a.jpg', 'a', 'now', 'this-machine');
  const closed = await farm.drop('b.jpg', 'b', 'now', 'trusted');
  expect([reason(farm, secret), reason(farm, closed)]).toEqual(['needs_this_machine', 'needs_trusted']);
});
