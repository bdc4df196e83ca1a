/** What holds of a machine once it is in: versions, names, copies of its folder, renewed certificates, and the hub's own machine. */
import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { createIdentity, type Identity, selfSignedCertificate } from '../../common/identity.ts';
import { pinnedDispatcher } from '../../common/pinned-dispatcher.ts';
import { operations } from '../../contract/hub-api.ts';
import { protocolVersion } from '../../contract/node.ts';
import { type ApiLab, labCapability, startApiLab } from '../support/api-lab.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(): Promise<ApiLab> {
  const lab = await startApiLab();
  ends.push(() => lab.end());
  return lab;
}
const pin = 'a'.repeat(64);
const joinAs = async ({ registry }: ApiLab, name = 'attic', isOwn = false) => {
  const { token } = await registry.createToken({ uses: 1, ttlMs: 60_000, isOwn });
  const machine = { protocol: protocolVersion, token, name, pin, capability: labCapability };
  return registry.join(machine, isOwn ? null : pin, isOwn);
};
const helloOf = (session: string, name = 'attic', protocol: number = protocolVersion) => ({
  protocol,
  session,
  name,
  capability: labCapability,
  attempts: [],
});
const load = { cpu: 0, freeMemoryBytes: 1, freeDiskBytes: 1, cacheBytes: 0 };
const beatOf = (session: string) => ({ session, load, attempts: [], paused: false });
const nodesOf = async (lab: ApiLab) =>
  operations.listNodes.response.parse(await (await lab.call('/nodes')).json()).rows;

describe('versions', () => {
  it('this one and the one before work; others are told what to update where, also the owner', async () => {
    const lab = await start();
    const { nodeId } = await joinAs(lab);
    const session = randomUUID();
    await lab.registry.hello(nodeId, helloOf(session, 'attic', protocolVersion - 1));
    await lab.registry.hello(nodeId, helloOf(session, 'attic', protocolVersion));
    const spoken = { oldest: protocolVersion - 1, newest: protocolVersion };
    const cases = [
      [protocolVersion - 2, 'update Millrace on “attic”'],
      [protocolVersion + 1, 'update Millrace on the hub'],
    ] as const;
    for (const [protocol, sentence] of cases) {
      const refusal = { code: 'protocol_unsupported', message: expect.stringContaining(sentence), details: spoken };
      await expect(lab.registry.hello(nodeId, helloOf(session, 'attic', protocol))).rejects.toMatchObject(refusal);
      expect((await nodesOf(lab))[0]?.trouble).toMatchObject({ ...refusal });
      const { token } = await lab.registry.createToken({ uses: 1, ttlMs: 60_000 });
      const machine = { protocol, name: 'attic', pin: 'b'.repeat(64), capability: labCapability };
      await expect(lab.registry.join({ ...machine, token }, machine.pin, false)).rejects.toMatchObject(refusal);
      const origin = { peerPin: machine.pin, local: false, remoteAddress: '10.0.0.1' };
      expect(() => lab.registry.requests.ask(machine, origin)).toThrow(sentence);
    }
    await lab.registry.hello(nodeId, helloOf(session));
    expect((await nodesOf(lab))[0]?.trouble).toBeNull();
  });
});

describe('a copied data folder', () => {
  it('is found out: the newer process works on, the other is told so and does not fight', async () => {
    const lab = await start();
    const { nodeId } = await joinAs(lab);
    const [first, second] = [randomUUID(), randomUUID()];
    await lab.registry.hello(nodeId, helloOf(first));
    await lab.registry.hello(nodeId, helloOf(second));
    expect(lab.registry.heartbeat(nodeId, beatOf(first))).toEqual({ drop: [], hello: true });
    for (let tries = 0; tries < 3; tries++) {
      await expect(lab.registry.hello(nodeId, helloOf(first))).rejects.toMatchObject({
        code: 'node_cloned',
        message: expect.stringContaining('“attic”'),
      });
      expect(lab.registry.heartbeat(nodeId, beatOf(second)).hello).toBe(false);
    }
    expect((await nodesOf(lab))[0]).toMatchObject({ state: 'online', trouble: { code: 'node_cloned' } });
  });

  it('is no copy when the newer process has ended', async () => {
    const lab = await start();
    const { nodeId } = await joinAs(lab);
    const [first, second] = [randomUUID(), randomUUID()];
    await lab.registry.hello(nodeId, helloOf(first));
    await lab.registry.hello(nodeId, helloOf(second));
    lab.registry.goodbye(nodeId, { session: second, attempts: [] });
    expect(await lab.registry.hello(nodeId, helloOf(first))).toMatchObject({ drop: [] });
  });
});

describe('a name given by the owner', () => {
  it('wins over what the machine calls itself, stays over restarts, and can be taken back', async () => {
    const lab = await start();
    const { nodeId } = await joinAs(lab);
    const rename = (name: string | null) =>
      lab.call(`/nodes/${nodeId}`, {
        method: 'PATCH',
        body: JSON.stringify({ name }),
        headers: { 'content-type': 'application/json' },
      });
    expect(await (await rename('  under the\u202e roof ')).json()).toMatchObject({ name: 'under the roof' });
    await lab.registry.hello(nodeId, helloOf(randomUUID(), 'attic'));
    expect((await nodesOf(lab))[0]?.name).toBe('under the roof');
    await rename(null);
    await lab.registry.hello(nodeId, helloOf(randomUUID(), 'attic'));
    expect((await nodesOf(lab))[0]?.name).toBe('attic');
    expect((await rename('x'.repeat(64))).status).toBe(400);
  });
});

describe('the hub’s own machine', () => {
  it('is not sent away while it works; another node of this machine is', async () => {
    const lab = await start();
    const own = await joinAs(lab, 'desk', true);
    await lab.registry.hello(own.nodeId, helloOf(randomUUID(), 'desk'));
    const refused = await lab.call(`/nodes/${own.nodeId}`, { method: 'DELETE' });
    expect([refused.status, await refused.json()]).toMatchObject([
      409,
      { detail: expect.stringContaining('--no-local-node') },
    ]);
    const other = await joinAs(lab, 'attic');
    await lab.registry.hello(other.nodeId, helloOf(randomUUID()));
    expect((await lab.call(`/nodes/${other.nodeId}`, { method: 'DELETE' })).status).toBe(204);
  });
});

describe('a certificate made anew around the same key', () => {
  it('is the same machine, whatever dates it has', async () => {
    const lab = await start();
    const { port } = await lab.api.openTlsDoor(lab.identity, '127.0.0.1', 0);
    const identity = await createIdentity('attic');
    const { token } = await lab.registry.createToken({ uses: 1, ttlMs: 60_000 });
    const machine = { protocol: protocolVersion, token, name: 'attic', pin: identity.pin, capability: labCapability };
    const { nodeId, secret } = await lab.registry.join(machine, identity.pin, false);
    const statusWith = async (shown: Pick<Identity, 'keyPem' | 'certificatePem'>): Promise<number> => {
      const dispatcher = pinnedDispatcher({ pin: lab.identity.pin, identity: shown });
      ends.push(() => dispatcher.destroy());
      const answer = await request(`https://127.0.0.1:${port}/api/v1/nodes/${nodeId}/heartbeat`, {
        dispatcher,
        method: 'POST',
        headers: { authorization: `Bearer mrn1.${nodeId}.${secret}`, 'content-type': 'application/json' },
        body: JSON.stringify(beatOf(randomUUID())),
      });
      await answer.body.dump();
      return answer.statusCode;
    };
    const dated = async (from: string, until: string) => {
      const validity = { notBefore: new Date(from), notAfter: new Date(until) };
      return { ...identity, certificatePem: await selfSignedCertificate(identity.keyPem, 'another name', validity) };
    };
    expect(await statusWith(identity)).toBe(200);
    expect(await statusWith(await dated('2001-01-01', '2002-01-01'))).toBe(200);
    expect(await statusWith(await dated('2090-01-01', '2091-01-01'))).toBe(200);
    // The same name around another key is another machine.
    expect(await statusWith(await createIdentity('attic'))).toBe(401);
  });
});
