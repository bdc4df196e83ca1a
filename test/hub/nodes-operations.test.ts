import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import { joinTokenSchema, protocolVersion } from '../../contract/node.ts';
import { nodeSchema } from '../../contract/operations/nodes.ts';
import { AnswerWithStatus, type ApiRequest, type Caller } from '../../main/hub/api/handlers.ts';
import { listNodes, nodesHandlers, remainingMs } from '../../main/hub/api/operations/nodes.ts';
import { createNodeRegistry } from '../../main/hub/nodes/node-registry.ts';
import { createPlannerLab, doneMark, failure } from '../support/planner-lab.ts';

const labs: Awaited<ReturnType<typeof createPlannerLab>>[] = [];
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close();
});

/** The operations over a planner and a registry on the same catalog. */
async function setUp() {
  const lab = await createPlannerLab(['n1', 'n2']);
  labs.push(lab);
  const { catalog, clock } = lab;
  const opened: string[] = [];
  const registry = createNodeRegistry({
    catalog,
    clock,
    logger: silentLogger,
    events: { emit: () => {} },
    leases: lab.planner().leases,
    checks: lab.planner().checks,
    broker: {
      access: ({ id }) => ({ port: 1, tls: false, url: null, username: id, password: null, prefix: `mr:${id}` }),
      admit: async () => {},
      expel: async () => {},
    },
    hubId: '0190b1a0-0000-7000-8000-000000000001',
    pin: 'f'.repeat(64),
    hubName: () => 'desk',
    addresses: () => (opened.length > 0 ? ['10.0.0.1:4000'] : []),
    dropConnections: () => {},
  });
  const parts = { catalog, clock, registry, planner: lab.planner() };
  const handlers = nodesHandlers({
    ...parts,
    openDoor: async () => void opened.push('door'),
    results: { record: (...asked) => lab.planner().record(...asked) },
  });
  return { lab, parts, handlers, registry };
}

const callerOf = (nodeId: string | null, more: Partial<Caller> = {}): Caller => ({
  kind: nodeId === null ? 'anonymous' : 'node',
  scopes: [],
  nodeId,
  door: 'tls',
  peerPin: null,
  remoteAddress: '10.0.0.2',
  ...more,
});
const ask = <P, Q, B>(params: P, query: Q, body: B, caller: Caller) => ({
  params,
  query,
  body,
  caller,
  idempotencyKey: null,
});

describe('machines as the API shows them', () => {
  it('says what each is doing, how long still, and what it did', async () => {
    const { lab, parts } = await setUp();
    const [n1, n2] = [lab.node(0).id, lab.node(1).id];
    await lab.drop('one.jpg', 'a');
    await lab.drop('two.jpg', 'c');
    await lab.settle();
    const open = [...lab.planner().open.attempts()];
    expect(open).toHaveLength(2);
    for (const attempt of open)
      lab
        .planner()
        .leases.renew(attempt.nodeId, [{ id: attempt.id, progress: { done: 1, total: 4, unit: 'frames' } }], false);
    lab.clock.advance(1_000);
    const before = listNodes(parts);
    for (const node of before) expect(nodeSchema.parse(node)).toEqual(node);
    const running = before.flatMap((node) => node.running);
    expect(running.map(({ item }) => item).sort()).toEqual(['one.jpg', 'two.jpg']);
    expect(running[0]).toMatchObject({ kind: 'watermark', progress: { done: 1, total: 4 }, etaMs: 3_000 });
    const [first, second] = open;
    if (!first || !second) throw new Error('not placed');
    await lab.planner().record(first.id, { id: first.nodeId, name: 'n' }, doneMark);
    await lab.planner().record(second.id, { id: second.nodeId, name: 'n' }, failure('stage_crashed'));
    const after = listNodes(parts);
    expect(after.reduce((sum, { done }) => sum + done, 0)).toBe(1);
    expect(after.reduce((sum, { failed }) => sum + failed, 0)).toBe(1);
    expect(after.find(({ id }) => id === first.nodeId)?.speedMs).toEqual({ watermark: 500 });
    expect(after.map(({ id }) => id).sort()).toEqual([n1, n2].sort());
  });

  it('estimates by own pace first, then by the median, and admits when it cannot tell', () => {
    const progress = (done: number, total: number | null) => ({ done, total, unit: 'x' });
    expect(remainingMs({ startedMs: null, progress: null }, 500, 1_000)).toBeNull();
    expect(remainingMs({ startedMs: 0, progress: progress(1, 2) }, 500, 1_000)).toBe(1_000);
    expect(remainingMs({ startedMs: 0, progress: progress(1, null) }, 5_000, 1_000)).toBe(4_000);
    expect(remainingMs({ startedMs: 0, progress: progress(1, 100) }, 5_000, 1_000)).toBe(4_000);
    expect(remainingMs({ startedMs: 0, progress: null }, 500, 1_000)).toBeNull();
    expect(remainingMs({ startedMs: 0, progress: null }, undefined, 1_000)).toBeNull();
  });
});

describe('operations on machines', () => {
  it('makes tokens that name the door, which is opened first', async () => {
    const { handlers } = await setUp();
    const asked: ApiRequest<'createJoinToken'> = ask({}, {}, { uses: 1, ttlMs: 60_000 }, callerOf(null));
    const answer = await handlers.createJoinToken(asked);
    if (answer instanceof AnswerWithStatus) throw new Error('no status of its own');
    expect(joinTokenSchema.parse(answer.token).split('.')).toHaveLength(6);
    const again = { protocol: protocolVersion, token: answer.token, name: 'n3', pin: 'a'.repeat(64) };
    const body = { ...again, capability: { ...(await setUp()).lab.node(0).capability } };
    await expect(handlers.joinNode(ask({}, {}, body, callerOf(null, { door: 'legacy' })))).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(
      handlers.joinNode(ask({}, {}, body, callerOf(null, { peerPin: 'b'.repeat(64) }))),
    ).rejects.toMatchObject({ code: 'forbidden' });
    await handlers.joinNode(ask({}, {}, body, callerOf(null, { peerPin: 'a'.repeat(64) })));
  });

  it('lets a node speak for itself only', async () => {
    const { lab, handlers } = await setUp();
    const [n1, n2] = [lab.node(0).id, lab.node(1).id];
    const session = '0190b1a0-0000-7000-8000-00000000000a';
    const hello = { protocol: protocolVersion, session, name: 'n1', capability: lab.node(0).capability, attempts: [] };
    const load = { cpu: 0, freeMemoryBytes: 0, freeDiskBytes: 0, cacheBytes: 0 };
    const beat = { session, load, attempts: [], paused: false };
    await expect(handlers.helloNode(ask({ id: n1 }, {}, hello, callerOf(n2)))).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(handlers.heartbeat(ask({ id: n1 }, {}, beat, callerOf(n2)))).rejects.toMatchObject({
      code: 'forbidden',
    });
    await handlers.helloNode(ask({ id: n1 }, {}, hello, callerOf(n1)));
    expect(await handlers.heartbeat(ask({ id: n1 }, {}, beat, callerOf(n1)))).toEqual({ drop: [], hello: false });
    expect(await handlers.getNode(ask({ id: n1 }, {}, null as never, callerOf(null)))).toMatchObject({
      state: 'online',
      name: 'n1',
    });
  });

  it('records a result once, answers the same again with 200, and refuses another node’s', async () => {
    const { lab, handlers } = await setUp();
    await lab.drop('one.jpg');
    await lab.settle();
    const [attempt] = [...lab.planner().open.attempts()];
    if (!attempt) throw new Error('not placed');
    const other = [lab.node(0).id, lab.node(1).id].find((id) => id !== attempt.nodeId) ?? '';
    const post = (nodeId: string) => handlers.postResult(ask({ id: attempt.id }, {}, doneMark, callerOf(nodeId)));
    await expect(post(other)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await post(attempt.nodeId)).toEqual({ recorded: true });
    expect(await post(attempt.nodeId)).toMatchObject({ status: 200, value: { recorded: false } });
  });

  it('sends a machine away, after which it is nobody', async () => {
    const { lab, handlers, registry } = await setUp();
    const { id } = lab.node(0);
    expect(await handlers.removeNode(ask({ id }, {}, null as never, callerOf(null)))).toBeUndefined();
    expect(registry.list().map(({ name }) => name)).toEqual(['n2']);
    await expect(handlers.getNode(ask({ id }, {}, null as never, callerOf(null)))).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(
      handlers.postResult(ask({ id: `${id}.watermark.main~1` }, {}, doneMark, callerOf(id))),
    ).rejects.toMatchObject({ code: 'node_unknown' });
  });
});
