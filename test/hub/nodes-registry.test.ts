import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../common/clock.ts';
import { silentLogger } from '../../common/log.ts';
import type { HubEvent } from '../../contract/hub-events.ts';
import { type Capability, joinTokenSchema, leaseMs, protocolVersion } from '../../contract/node.ts';
import { type Catalog, openCatalog } from '../../main/hub/catalog/database.ts';
import { createNodeRegistry } from '../../main/hub/nodes/node-registry.ts';
import type { NodeRegistry } from '../../main/hub/nodes/registry-types.ts';
import { nodeBearer } from '../../main/hub/nodes/secrets.ts';

const capability: Capability = {
  agentVersion: '0.1.0',
  nodeVersion: 'v24',
  os: 'linux',
  arch: 'x64',
  cpuModel: 'test',
  cores: 4,
  memoryBytes: 8e9,
  kinds: [],
  helpers: {},
};
const load = { cpu: 0.5, freeMemoryBytes: 1, freeDiskBytes: 1, cacheBytes: 0 };
const hubId = '0190b1a0-0000-7000-8000-000000000001';
const pin = (digit: string): string => digit.repeat(64);
const hubPin = pin('f');

/** A hub's registry on a catalog, with time in hand and a record of what it asked of others. */
function setUp(catalog: Catalog = openCatalog(':memory:', 1)) {
  const time = { wallMs: 1_700_000_000_000, monotonicMs: 50_000 };
  const clock: Clock = { wallMs: () => time.wallMs, monotonicMs: () => time.monotonicMs };
  const calls: string[] = [];
  const events: HubEvent[] = [];
  const dropAnswers: string[] = [];
  let tick = (): void => {};
  const registry = createNodeRegistry({
    catalog,
    clock,
    logger: silentLogger,
    events: { emit: (event) => void events.push(event) },
    leases: {
      hello: (nodeId, session, attempts) => {
        calls.push(`hello ${nodeId} ${session} ${attempts.join()}`);
        return dropAnswers;
      },
      renew: (nodeId, attempts) => {
        calls.push(`renew ${nodeId} ${attempts.map(({ id }) => id).join()}`);
        return dropAnswers;
      },
      nodeGone: (nodeId) => void calls.push(`gone ${nodeId}`),
      takeBack: (nodeId, kept) => void calls.push(`back ${nodeId} ${kept.join()}`),
    },
    checks: { hello: async () => {}, reported: () => {}, due: () => [] },
    broker: {
      access: ({ id, local, password }) => ({
        port: local ? 1 : 2,
        tls: !local,
        url: null,
        username: id,
        password,
        prefix: `mr:${id}`,
      }),
      admit: async (nodeId, password) => void calls.push(`admit ${nodeId} ${password}`),
      expel: async (nodeId) => void calls.push(`expel ${nodeId}`),
    },
    hubId,
    pin: hubPin,
    hubName: () => 'desk',
    addresses: () => ['10.0.0.1:4000', '[fd00::1]:4000'],
    dropConnections: (nodeId) => void calls.push(`drop ${nodeId}`),
    changed: (nodeId) => void calls.push(`changed ${nodeId}`),
    every: (_intervalMs, work) => {
      tick = work;
      return () => {
        tick = () => {};
      };
    },
  });
  /** Time passes as it does: with a look every half second. */
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 500) {
      time.monotonicMs += Math.min(500, left);
      time.wallMs += Math.min(500, left);
      tick();
    }
  };
  return { registry, catalog, time, calls, events, pass, jump: () => tick(), dropAnswers };
}

const token = async (registry: NodeRegistry, uses = 1, ttlMs = 60_000) =>
  (await registry.createToken({ uses, ttlMs })).token;
const request = (text: string, name = 'anna', key = pin('a'), protocol = protocolVersion) => ({
  protocol,
  token: text,
  name,
  pin: key,
  capability,
});
const helloOf = (session: string, name = 'anna', attempts: string[] = []) => ({
  protocol: protocolVersion,
  session,
  name,
  capability,
  attempts,
});
const beatOf = (session: string, paused = false, attempts: string[] = []) => ({
  session,
  load,
  paused,
  attempts: attempts.map((id) => ({ id, progress: null })),
});

describe('join tokens', () => {
  it('carry the hub’s id, pin and addresses, and only a digest is kept', async () => {
    const { registry, catalog } = setUp();
    const { token: text, uses } = await registry.createToken({ uses: 5, ttlMs: 1_000 });
    expect(joinTokenSchema.parse(text)).toBe(text);
    const [, id, key, , secret = '', hints = ''] = text.split('.');
    expect([id, key, uses]).toEqual([hubId, hubPin, 5]);
    expect(Buffer.from(hints, 'base64url').toString()).toBe('10.0.0.1:4000,[fd00::1]:4000');
    const { any } = await import('zod');
    expect(JSON.stringify(catalog.all(any(), 'SELECT * FROM join_tokens'))).not.toContain(secret);
  });

  it('let in as often as they say, also when nodes come at once', async () => {
    const { registry } = setUp();
    const text = await token(registry, 2);
    const results = await Promise.allSettled(
      ['a', 'b', 'c'].map((digit) => registry.join(request(text, 'anna', pin(digit)), pin(digit), false)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'token_invalid', message: 'This token was used already.' },
    });
    // Names stay apart even so.
    expect(
      registry
        .list()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['anna', 'anna-2']);
  });

  it('run out by the wall clock, by steady time, and over a restart', async () => {
    const cases = [
      (at: ReturnType<typeof setUp>) => {
        at.time.wallMs += 60_000;
      },
      (at: ReturnType<typeof setUp>) => {
        at.time.monotonicMs += 60_000;
        at.time.wallMs -= 3_600_000;
      },
    ];
    for (const step of cases) {
      const at = setUp();
      const text = await token(at.registry);
      step(at);
      await expect(at.registry.join(request(text), pin('a'), false)).rejects.toMatchObject({ code: 'token_invalid' });
    }
    const before = setUp();
    const text = await token(before.registry);
    const after = setUp(before.catalog);
    after.time.wallMs -= 86_400_000;
    after.time.monotonicMs += 60_001;
    await expect(after.registry.join(request(text), pin('a'), false)).rejects.toMatchObject({ code: 'token_invalid' });
    const inTime = setUp(before.catalog);
    await expect(inTime.registry.join(request(text), pin('a'), false)).resolves.toMatchObject({ hubId });
  });

  it('are refused when wrong, changed or another hub’s', async () => {
    const { registry } = setUp();
    const text = await token(registry);
    const parts = text.split('.');
    const changed = (index: number, value: string): string =>
      parts.map((part, at) => (at === index ? value : part)).join('.');
    for (const wrong of [
      changed(1, randomUUID()),
      changed(2, pin('0')),
      changed(3, '0'.repeat(16)),
      changed(4, 'A'.repeat(43)),
    ]) {
      await expect(registry.join(request(wrong), pin('a'), false)).rejects.toMatchObject({ code: 'token_invalid' });
    }
    await registry.join(request(text), pin('a'), false);
  });
});

describe('joining', () => {
  it('admits the node at the broker with its own password and keeps no secret in clear', async () => {
    const { registry, calls, catalog } = setUp();
    const joined = await registry.join(request(await token(registry)), pin('a'), false);
    const { nodeId, secret, broker } = joined;
    expect(broker).toEqual({
      port: 2,
      tls: true,
      url: null,
      username: nodeId,
      password: broker.password,
      prefix: `mr:${nodeId}`,
    });
    expect(calls).toContain(`admit ${nodeId} ${broker.password}`);
    const { any } = await import('zod');
    expect(JSON.stringify(catalog.all(any(), 'SELECT * FROM nodes'))).not.toContain(secret);
  });

  it('needs the key that is named to be the one that is shown', async () => {
    const { registry } = setUp();
    const text = await token(registry);
    for (const shown of [null, pin('b')])
      await expect(registry.join(request(text), shown, false)).rejects.toMatchObject({ code: 'forbidden' });
    await registry.join(request(text), pin('a'), false);
  });

  it('says what to update where when versions do not fit', async () => {
    const { registry } = setUp();
    const text = await token(registry);
    await expect(registry.join(request(text, 'anna', pin('a'), 99), pin('a'), false)).rejects.toMatchObject({
      code: 'protocol_unsupported',
      message: expect.stringContaining('update Millrace on the hub “desk”'),
    });
    await expect(registry.join(request(text, 'anna', pin('a'), 0), pin('a'), false)).rejects.toMatchObject({
      message: expect.stringContaining('update Millrace on “anna”'),
    });
  });

  it('again with the same token and key is the lost answer of the first time; with another key it is not', async () => {
    const { registry } = setUp();
    const text = await token(registry);
    const first = await registry.join(request(text), pin('a'), false);
    const second = await registry.join(request(text), pin('a'), false);
    expect(second.nodeId).toBe(first.nodeId);
    expect(() => registry.authenticateNode(nodeBearer(first.nodeId, first.secret), pin('a'), 'tls')).toThrow();
    expect(registry.authenticateNode(nodeBearer(second.nodeId, second.secret), pin('a'), 'tls')).toBe(first.nodeId);
    await expect(registry.join(request(text, 'b', pin('b')), pin('b'), false)).rejects.toMatchObject({
      code: 'token_invalid',
    });
  });

  it('over loopback cannot take the place of a machine beyond it', async () => {
    const { registry } = setUp();
    const remote = await registry.join(request(await token(registry)), pin('a'), false);
    const local = await registry.join(request(await token(registry)), null, true);
    expect(local.nodeId).not.toBe(remote.nodeId);
    expect(local.broker).toMatchObject({ port: 1, tls: false });
    expect(registry.authenticateNode(nodeBearer(remote.nodeId, remote.secret), pin('a'), 'tls')).toBe(remote.nodeId);
  });
});

describe('credentials', () => {
  it('count only with the right secret, the right key and at the right door', async () => {
    const { registry } = setUp();
    const remote = await registry.join(request(await token(registry)), pin('a'), false);
    const local = await registry.join(request(await token(registry), 'self', pin('c')), null, true);
    const bearer = nodeBearer(remote.nodeId, remote.secret);
    const localBearer = nodeBearer(local.nodeId, local.secret);
    expect(registry.authenticateNode(bearer, pin('a'), 'tls')).toBe(remote.nodeId);
    expect(registry.authenticateNode(bearer, pin('b'), 'tls')).toBeNull();
    expect(registry.authenticateNode(bearer, null, 'tls')).toBeNull();
    expect(registry.authenticateNode(bearer, null, 'loopback')).toBeNull();
    expect(registry.authenticateNode(localBearer, null, 'loopback')).toBe(local.nodeId);
    expect(registry.authenticateNode(localBearer, null, 'tls')).toBeNull();
    expect(registry.authenticateNode(localBearer, null, 'legacy')).toBeNull();
    expect(registry.authenticateNode('mra1.something', pin('a'), 'tls')).toBeNull();
    expect(() => registry.authenticateNode(nodeBearer(remote.nodeId, local.secret), pin('a'), 'tls')).toThrow();
  });
});

describe('presence', () => {
  const joinAndHello = async (at: ReturnType<typeof setUp>, session: string = randomUUID()) => {
    const { nodeId } = await at.registry.join(request(await token(at.registry)), pin('a'), false);
    await at.registry.start();
    await at.registry.hello(nodeId, helloOf(session));
    return { nodeId, session };
  };
  const online = ({ registry }: ReturnType<typeof setUp>) => registry.views().map((view) => view.online);

  it('is online while heard of, silent after the lease, and loses its attempts then, once', async () => {
    const at = setUp();
    const { nodeId, session } = await joinAndHello(at);
    expect(online(at)).toEqual([true]);
    at.pass(leaseMs - 500);
    at.registry.heartbeat(nodeId, beatOf(session));
    at.pass(leaseMs);
    expect(at.calls).not.toContain(`gone ${nodeId}`);
    at.pass(1_000);
    expect(at.calls.filter((call) => call === `gone ${nodeId}`)).toHaveLength(1);
    expect(online(at)).toEqual([false]);
    expect(at.events.at(-1)).toMatchObject({ name: 'node.state', data: { state: 'silent' } });
    at.pass(30_000);
    expect(at.calls.filter((call) => call === `gone ${nodeId}`)).toHaveLength(1);
    expect(at.registry.heartbeat(nodeId, beatOf(session))).toEqual({ drop: [], hello: false });
    expect(online(at)).toEqual([true]);
    expect(at.events.at(-1)).toMatchObject({ data: { state: 'online' } });
  });

  it('does not care when somebody sets the clock, or when the hub itself stood still', async () => {
    const at = setUp();
    const { nodeId, session } = await joinAndHello(at);
    at.time.wallMs += 600_000;
    at.pass(1_000);
    at.time.wallMs -= 1_200_000;
    at.pass(1_000);
    at.time.monotonicMs += 600_000;
    at.jump();
    expect(online(at)).toEqual([true]);
    at.time.monotonicMs += 600_000;
    at.registry.heartbeat(nodeId, beatOf(session));
    at.jump();
    expect(at.calls).not.toContain(`gone ${nodeId}`);
    at.pass(leaseMs + 1_000);
    expect(at.calls).toContain(`gone ${nodeId}`);
  });

  it('after a restart of the hub waits for the lease, takes what is still held, and asks for a hello', async () => {
    const first = setUp();
    const { nodeId, session } = await joinAndHello(first);
    await first.catalog.flushed();
    const second = setUp(first.catalog);
    await second.registry.start();
    expect(second.calls[0]).toMatch(new RegExp(`^admit ${nodeId} .{43}$`));
    second.pass(leaseMs - 1_000);
    expect(second.calls).toHaveLength(1);
    expect(online(second)).toEqual([false]);
    const held = `${hubId}.watermark.main~1`;
    expect(second.registry.heartbeat(nodeId, beatOf(session, false, [held]))).toEqual({ drop: [], hello: true });
    expect(second.calls).toContain(`renew ${nodeId} ${held}`);
    await second.registry.hello(nodeId, helloOf(session, 'anna', [held]));
    expect(online(second)).toEqual([true]);
    const third = setUp(first.catalog);
    await third.registry.start();
    third.pass(leaseMs + 1_000);
    expect(third.calls).toContain(`gone ${nodeId}`);
  });

  it('asks another session for a hello before it holds anything', async () => {
    const at = setUp();
    const { nodeId } = await joinAndHello(at);
    const before = at.calls.length;
    expect(at.registry.heartbeat(nodeId, beatOf(randomUUID()))).toEqual({ drop: [], hello: true });
    expect(at.calls).toHaveLength(before);
  });

  it('hands on what the leases want dropped, and tells of pauses', async () => {
    const at = setUp();
    const { nodeId, session } = await joinAndHello(at);
    at.dropAnswers.push('x');
    expect(at.registry.heartbeat(nodeId, beatOf(session, true)).drop).toEqual(['x']);
    expect(at.registry.views()[0]).toMatchObject({ paused: true, load });
    expect(at.events.at(-1)).toMatchObject({ data: { state: 'paused' } });
    expect(at.calls.at(-1)).toBe(`changed ${nodeId}`);
  });

  it('keeps names apart when a node is renamed, and keeps a numbered name', async () => {
    const at = setUp();
    const { nodeId, session } = await joinAndHello(at);
    const other = await at.registry.join(request(await token(at.registry), 'ANNA', pin('b')), pin('b'), false);
    expect(at.registry.list()[1]?.name).toBe('ANNA-2');
    await at.registry.hello(other.nodeId, helloOf(randomUUID(), 'ANNA'));
    expect(at.registry.list()[1]?.name).toBe('ANNA-2');
    await at.registry.hello(nodeId, helloOf(session, 'berta'));
    await at.registry.hello(other.nodeId, helloOf(randomUUID(), 'Berta'));
    expect(at.registry.list().map(({ name }) => name)).toEqual(['berta', 'Berta-2']);
  });
});

describe('sending a node away', () => {
  it('ends its credentials, connections, attempts and broker user; its key may join anew as another node', async () => {
    const at = setUp();
    const { registry, calls, events } = at;
    const joined = await registry.join(request(await token(registry)), pin('a'), false);
    await registry.remove(joined.nodeId);
    const { nodeId } = joined;
    expect(calls).toEqual(expect.arrayContaining([`drop ${nodeId}`, `gone ${nodeId}`, `expel ${nodeId}`]));
    expect(events.at(-1)).toMatchObject({ data: { state: 'removed' } });
    expect(registry.list()).toEqual([]);
    expect(() => registry.authenticateNode(nodeBearer(nodeId, joined.secret), pin('a'), 'tls')).toThrow(
      expect.objectContaining({ code: 'node_unknown' }),
    );
    await expect(registry.remove(nodeId)).rejects.toMatchObject({ code: 'not_found' });
    expect(() => registry.heartbeat(nodeId, beatOf(randomUUID()))).toThrow();
    const again = await registry.join(request(await token(registry)), pin('a'), false);
    expect(again.nodeId).not.toBe(nodeId);
    const later = setUp(at.catalog);
    expect(later.registry.list().map(({ id }) => id)).toEqual([again.nodeId]);
  });
});
