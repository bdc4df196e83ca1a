/** The planner over a real catalog: from a dropped picture to done, through failures, losses, twins, stops and restarts. */
import { afterEach, expect, test } from 'vitest';
import { leaseMs } from '../../contract/node.ts';
import { artifactsOfJob, attemptsOfJob, outboxRows } from '../../main/hub/catalog/attempts.ts';
import { findJob } from '../../main/hub/catalog/jobs.ts';
import { stagesOfJob } from '../../main/hub/catalog/stages.ts';
import { createPlannerLab, doneMark, doneUpload, failure, sha } from '../support/planner-lab.ts';

const labs: { close(): Promise<void> }[] = [];
const lab = async (...names: string[]) => {
  const made = await createPlannerLab(names.length > 0 ? names : ['n1']);
  labs.push(made);
  return made;
};
afterEach(async () => {
  for (const one of labs.splice(0)) await one.close();
});
const mark = (jobId: string, number = 1): string => `${jobId}.watermark.main~${number}`;
const upload = (jobId: string, number = 1): string => `${jobId}.upload-final.main~${number}`;

test('a dropped picture is marked, then uploaded, then done', async () => {
  const farm = await lab();
  const jobId = await farm.drop('a.jpg');
  expect(farm.attempts()).toEqual([mark(jobId)]);
  expect(findJob(farm.catalog, jobId)).toMatchObject({ state: 'running', stagesDone: 0, stagesTotal: 1 });
  const [order] = outboxRows(farm.catalog);
  expect(order?.payload).toMatchObject({
    kind: 'watermark',
    attemptId: mark(jobId),
    inputs: [{ role: 'image', sha256: sha('a') }],
  });
  expect(JSON.stringify(order?.payload.inputs)).not.toContain('a.jpg');

  expect(await farm.answer(mark(jobId), doneMark)).toBe('recorded');
  expect(farm.attempts()).toEqual([upload(jobId)]);
  expect(artifactsOfJob(farm.catalog, jobId)).toMatchObject([
    { role: 'watermarked', name: 'watermarked_a.jpg', sha256: sha('b') },
  ]);
  const second = outboxRows(farm.catalog).find((row) => row.payload.kind === 'upload-final');
  expect(second?.payload.options).toMatchObject({ workerName: 'n1', fileName: 'watermarked_a.jpg' });

  await farm.answer(upload(jobId), doneUpload);
  expect(findJob(farm.catalog, jobId)).toMatchObject({ state: 'done', stagesDone: 2, stagesTotal: 2 });
  expect(farm.events.filter((event) => event.name === 'job.state').map((event) => event.data.state)).toEqual([
    'running',
    'done',
  ]);
});

test('the same answer twice is one result; another answer, or another machine’s, is refused', async () => {
  const farm = await lab('n1', 'n2');
  const jobId = await farm.drop('a.jpg');
  const [attempt] = [...farm.planner().open.attempts()];
  const holder = farm.nodes.findIndex((node) => node.id === attempt?.nodeId);
  await expect(farm.answer(mark(jobId), doneMark, 1 - holder)).rejects.toMatchObject({ code: 'forbidden' });
  expect(await farm.answer(mark(jobId), doneMark, holder)).toBe('recorded');
  expect(await farm.answer(mark(jobId), doneMark, holder)).toBe('repeated');
  await expect(farm.answer(mark(jobId), failure('stage_crashed'), holder)).rejects.toMatchObject({
    code: 'attempt_closed',
  });
  await expect(farm.answer(mark(jobId, 9), doneMark)).rejects.toMatchObject({ code: 'not_found' });
});

test('a silent machine loses its attempts, they go elsewhere, and its late result changes nothing', async () => {
  const farm = await lab('n1', 'n2');
  const jobId = await farm.drop('a.jpg');
  const [first] = [...farm.planner().open.attempts()];
  const away = farm.nodes.findIndex((node) => node.id === first?.nodeId);
  farm.setNode(away, { online: false });
  for (let second = 0; second <= leaseMs / 1_000; second++) {
    farm.clock.advance(1_000);
    farm.planner().leases.expire();
  }
  await farm.settle();
  const [second] = [...farm.planner().open.attempts()];
  expect(second).toMatchObject({ id: mark(jobId, 2), nodeId: farm.node(1 - away).id });
  expect(farm.withdrawn).toEqual([mark(jobId, 1)]);
  await expect(farm.answer(mark(jobId, 1), doneMark, away)).rejects.toMatchObject({ code: 'attempt_closed' });
  await farm.answer(mark(jobId, 2), doneMark, 1 - away);
  expect(
    attemptsOfJob(farm.catalog, jobId)
      .map((attempt) => attempt.state)
      .slice(0, 2),
  ).toEqual(['lost', 'done']);
});

test('heartbeats renew what is held and what still lies in the queue; what a machine began and lists no more is lost', async () => {
  const farm = await lab();
  const jobs = [await farm.drop('a.jpg', 'a'), await farm.drop('b.jpg', 'c')];
  const [a = '', b = ''] = jobs.map((jobId) => mark(jobId));
  const { leases, open } = farm.planner();
  const node = farm.node(0).id;
  expect(
    leases.renew(
      node,
      [
        { id: a, progress: { done: 1, total: 4, unit: 'frames' } },
        { id: mark(jobs[0] ?? '', 7), progress: null },
      ],
      false,
    ),
  ).toEqual([mark(jobs[0] ?? '', 7)]);
  expect(open.attempt(a)).toMatchObject({ state: 'running', progress: { done: 1 } });
  for (let beat = 0; beat < 5; beat++) {
    farm.clock.advance(leaseMs / 2);
    leases.renew(node, [], false);
    leases.expire();
  }
  await farm.settle();
  expect(open.attempt(b)?.state).toBe('placed');
  expect(open.attempt(a)).toBeUndefined();
  expect(farm.attempts()).toContain(mark(jobs[0] ?? '', 2));
});

test('a hub that stood still could hear nobody, and takes nothing away for it', async () => {
  const farm = await lab();
  const jobId = await farm.drop('a.jpg');
  farm.planner().leases.renew(farm.node(0).id, [{ id: mark(jobId), progress: null }], false);
  for (let night = 0; night < 3; night++) {
    farm.clock.advance(8 * 3_600_000);
    farm.planner().leases.expire();
    await farm.settle();
  }
  expect(farm.attempts()).toEqual([mark(jobId)]);
});

test('a step of the wall clock by ten minutes changes no lease', async () => {
  const farm = await lab();
  await farm.drop('a.jpg');
  for (const step of [600_000, -1_200_000]) {
    farm.clock.step(step);
    farm.planner().leases.expire();
    await farm.settle();
    expect([...farm.planner().open.attempts()]).toHaveLength(1);
  }
});

test('failures of the target wait longer each time, then end; a retry by the user begins anew', async () => {
  const farm = await lab();
  const jobId = await farm.drop('a.jpg');
  await farm.answer(mark(jobId), doneMark);
  for (let retry = 1; retry <= 5; retry++) {
    await farm.answer(upload(jobId, retry), failure('target_timeout'));
    expect(farm.attempts()).toEqual([]);
    const [stage] = [...farm.planner().open.allWaiting()];
    expect(stage && farm.planner().explainer()(stage)).toMatchObject({
      code: 'back_off',
      facts: { seconds: retry * 10 },
    });
    farm.clock.advance(retry * 10_000 - 1);
    await farm.settle();
    expect(farm.attempts()).toEqual([]);
    farm.clock.advance(1);
    await farm.settle();
    expect(farm.attempts()).toEqual([upload(jobId, retry + 1)]);
  }
  await farm.answer(upload(jobId, 6), failure('target_timeout'));
  expect(findJob(farm.catalog, jobId)).toMatchObject({
    state: 'failed',
    error: { code: 'target_timeout', nodeName: 'n1', stageKind: 'upload-final' },
  });
  await farm.planner().retry(jobId);
  await farm.settle();
  expect(farm.attempts()).toEqual([upload(jobId, 7)]);
  await farm.answer(upload(jobId, 7), doneUpload);
  expect(findJob(farm.catalog, jobId)?.state).toBe('done');
  expect(stagesOfJob(farm.catalog, jobId).map((stage) => stage.state)).toEqual(['done', 'done']);
});

test('a crash goes to another machine, and the file is blamed after all of them', async () => {
  const farm = await lab('n1', 'n2');
  const jobId = await farm.drop('a.jpg');
  const seen: string[] = [];
  for (let attempt = 1; attempt <= 2; attempt++) {
    const [open] = [...farm.planner().open.attempts()];
    seen.push(open?.nodeId ?? '');
    await farm.answer(
      mark(jobId, attempt),
      failure('stage_crashed'),
      farm.nodes.findIndex((node) => node.id === open?.nodeId),
    );
  }
  expect(new Set(seen).size).toBe(2);
  expect(findJob(farm.catalog, jobId)).toMatchObject({ state: 'quarantined', error: { code: 'stage_crashed' } });
});

test('a bad file is quarantined at once and stops nothing else', async () => {
  const farm = await lab();
  const bad = await farm.drop('bad.jpg', 'c');
  const good = await farm.drop('good.jpg', 'd');
  await farm.answer(mark(bad), failure('input_truncated'));
  await farm.answer(mark(good), doneMark);
  expect(findJob(farm.catalog, bad)).toMatchObject({ state: 'quarantined', error: { code: 'input_truncated' } });
  expect(farm.attempts()).toEqual([upload(good)]);
});

test('the same bytes are computed once: while it runs, twins wait; later ones have the result at once', async () => {
  const farm = await lab();
  const first = await farm.drop('a.jpg');
  const twin = await farm.drop('copy of a.jpg');
  expect(farm.attempts()).toEqual([mark(first)]);
  const [waiting] = [...farm.planner().open.waitingOfJob(twin)];
  expect(waiting && farm.planner().explainer()(waiting)).toEqual({ code: 'same_work', facts: { item: 'a.jpg' } });
  await farm.answer(mark(first), doneMark);
  const later = await farm.drop('third.jpg');
  expect(farm.attempts().sort()).toEqual([upload(first), upload(twin), upload(later)].sort());
  expect(stagesOfJob(farm.catalog, later)[0]).toMatchObject({ state: 'done', cached: true, nodeName: 'n1' });
  expect(artifactsOfJob(farm.catalog, twin)).toMatchObject([{ name: 'watermarked_copy of a.jpg' }]);
});

test('when the first of twins is stopped, the next one computes', async () => {
  const farm = await lab();
  const first = await farm.drop('a.jpg');
  const twin = await farm.drop('b.jpg');
  await farm.planner().cancel(first);
  await farm.settle();
  expect(farm.withdrawn).toEqual([mark(first)]);
  expect(farm.attempts()).toEqual([mark(twin)]);
  await expect(farm.planner().cancel(first)).rejects.toMatchObject({ code: 'conflict' });
  await farm.planner().retry(first);
  await farm.settle();
  await farm.answer(mark(twin), doneMark);
  expect(findJob(farm.catalog, first)?.stagesDone).toBe(1);
});

test('after a restart everything goes on: attempts keep their machines, failures their count, back-off its time', async () => {
  const farm = await lab('n1', 'n2');
  const jobs = [await farm.drop('a.jpg', '1'), await farm.drop('b.jpg', '2'), await farm.drop('c.jpg', '3')];
  const [first = ''] = jobs;
  const holder = () =>
    farm.nodes.findIndex(
      (node) =>
        node.id === [...farm.planner().open.attempts()].find((attempt) => attempt.stage.jobId === first)?.nodeId,
    );
  await farm.answer(mark(first), failure('stage_crashed'), holder());
  const before = [...farm.planner().open.attempts()].map(({ id, nodeId, stage }) => ({
    id,
    nodeId,
    failedOn: stage.failedOn,
    attempts: stage.attempts,
  }));
  await farm.restart();
  const after = [...farm.planner().open.attempts()].map(({ id, nodeId, stage }) => ({
    id,
    nodeId,
    failedOn: stage.failedOn,
    attempts: stage.attempts,
  }));
  expect(after.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(before.sort((a, b) => (a.id < b.id ? -1 : 1)));
  await farm.answer(mark(first, 2), failure('stage_crashed'), holder());
  expect(findJob(farm.catalog, first)?.state).toBe('quarantined');
});

test('a machine in a new session holds nothing of its old one', async () => {
  const farm = await lab();
  const jobId = await farm.drop('a.jpg');
  farm.planner().leases.renew(farm.node(0).id, [{ id: mark(jobId), progress: null }], false);
  expect(farm.planner().leases.hello(farm.node(0).id, 'new', [mark(jobId, 5)])).toEqual([mark(jobId, 5)]);
  await farm.settle();
  expect(farm.attempts()).toEqual([mark(jobId, 2)]);
});

test('with no machine at all a job waits and says so', async () => {
  const farm = await lab();
  farm.setNode(0, { online: false });
  const jobId = await farm.drop('a.jpg');
  expect(findJob(farm.catalog, jobId)?.state).toBe('waiting');
  const [stage] = [...farm.planner().open.waitingOfJob(jobId)];
  expect(stage && farm.planner().explainer()(stage).code).toBe('no_machines');
  farm.setNode(0, { online: true });
  await farm.settle();
  expect(farm.attempts()).toEqual([mark(jobId)]);
});
