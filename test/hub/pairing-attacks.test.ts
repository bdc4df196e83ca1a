/** Joining by a code over the real door, and with somebody in between: what both sides show, and what nobody gets. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createIdentity, type Identity } from '../../common/identity.ts';
import { silentLogger } from '../../common/log.ts';
import { protocolVersion } from '../../contract/node.ts';
import type { AgentEvent } from '../../node-agent/agent-events.ts';
import { askToJoin } from '../../node-agent/ask-to-join.ts';
import { createHubClient, type HubClient } from '../../node-agent/hub-client.ts';
import { createHubSearch } from '../../node-agent/hub-search.ts';
import { type ApiLab, labCapability, startApiLab } from '../support/api-lab.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function hubWithDoor(): Promise<ApiLab & { readonly door: string }> {
  const lab = await startApiLab();
  ends.push(() => lab.end());
  const { port } = await lab.api.openTlsDoor(lab.identity, '127.0.0.1', 0);
  return { ...lab, door: `https://127.0.0.1:${port}` };
}

/** A machine that asks there; its code as it shows it, and the promise of being let in. */
async function machine(door: string, name = 'attic') {
  const dataDir = await mkdtemp(join(tmpdir(), 'mr-ask-'));
  const identity = await createIdentity(name);
  const hub = createHubClient(identity);
  const stop = new AbortController();
  const search = createHubSearch({ identity, discover: false, logger: silentLogger });
  const events: AgentEvent[] = [];
  let shown = (_: string): void => {};
  const code = new Promise<string>((resolve) => {
    shown = resolve;
  });
  const tell = (event: AgentEvent): void => {
    events.push(event);
    if (event.event === 'pairing') shown(event.code);
  };
  const config = { dataDir, name, hubUrl: door, asksToJoin: true };
  const parts = { config, hub, search, identity, capability: labCapability, tell, logger: silentLogger };
  const joined = askToJoin(parts, stop.signal);
  joined.catch(() => {});
  ends.push(async () => {
    stop.abort();
    await hub.close();
    await rm(dataDir, { recursive: true });
  });
  return { identity, hub, code, joined, events, dataDir };
}

const requestsOf = async (lab: ApiLab) =>
  z
    .object({ rows: z.array(z.object({ id: z.string(), code: z.string(), name: z.string() })) })
    .parse(await (await lab.call('/pairing-requests')).json()).rows;
const approve = (lab: ApiLab, id: string, code: string) => lab.post(`/pairing-requests/${id}:approve`, { code });
const clientOf = (identity: Identity, baseUrl: string, pin: string): HubClient => {
  const client = createHubClient(identity);
  client.moveTo({ baseUrl, pin, bearer: null });
  ends.push(() => client.close());
  return client;
};
const signal = new AbortController().signal;

describe('joining by a code', () => {
  it('shows the same digits on both sides, and pins the keys that were compared', async () => {
    const lab = await hubWithDoor();
    const node = await machine(lab.door);
    const code = await node.code;
    const [request] = await requestsOf(lab);
    if (!request) throw new Error('nobody asks');
    expect(request).toMatchObject({ code, name: 'attic' });
    expect((await approve(lab, request.id, code)).status).toBe(200);
    expect(await node.joined).toMatchObject({ pin: lab.identity.pin });
    expect(lab.registry.list()).toMatchObject([{ name: 'attic', local: false }]);
    const kept = await readFile(join(node.dataDir, 'hubs.json'), 'utf8');
    expect(kept).toContain(lab.identity.pin);
  });

  it('shows other digits when a machine in between asks in the node’s name, and gives it nothing', async () => {
    const lab = await hubWithDoor();
    // To the node it is the hub, to the hub it is the node; each time with its own key, since it has no other.
    const rogue = await hubWithDoor();
    const node = await machine(rogue.door);
    const middle = await machine(lab.door);
    const [shownByNode, shownByMiddle] = [await node.code, await middle.code];
    const [atHub] = await requestsOf(lab);
    if (!atHub) throw new Error('nobody asks');
    expect(atHub.code).toBe(shownByMiddle);
    expect(shownByNode).not.toBe(atHub.code);
    // The owner types what the machine shows.
    expect((await approve(lab, atHub.id, shownByNode)).status).toBe(409);
    expect(lab.registry.list()).toEqual([]);
  });

  it('is asked with the key that is shown, and answered to that key alone', async () => {
    const lab = await hubWithDoor();
    const [honest, thief] = [await createIdentity('honest'), await createIdentity('thief')];
    const asks = { protocol: protocolVersion, name: 'x', pin: honest.pin, capability: labCapability };
    const byThief = clientOf(thief, lab.door, lab.identity.pin);
    await expect(byThief.askToJoin(asks, signal)).rejects.toMatchObject({ code: 'forbidden' });
    const byHonest = clientOf(honest, lab.door, lab.identity.pin);
    const { requestId } = await byHonest.askToJoin(asks, signal);
    const nonce = 'a'.repeat(64);
    await byHonest.waitForApproval(requestId, { nonce, waitMs: 0 }, signal);
    const [request] = await requestsOf(lab);
    await approve(lab, requestId, request?.code ?? '');
    const replay = byThief.waitForApproval(requestId, { nonce, waitMs: 0 }, signal);
    await expect(replay).rejects.toMatchObject({ code: 'forbidden' });
    const answer = await byHonest.waitForApproval(requestId, { nonce, waitMs: 0 }, signal);
    if (answer.state !== 'approved') throw new Error('not let in');
    // Sent away, it cannot take its old answer again.
    await lab.registry.remove(answer.join.nodeId);
    const again = byHonest.waitForApproval(requestId, { nonce, waitMs: 0 }, signal);
    await expect(again).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is the owner’s to decide: machines cannot list, approve or turn away', async () => {
    const lab = await hubWithDoor();
    const node = await machine(lab.door);
    await node.code;
    const [request] = await requestsOf(lab);
    for (const [method, path] of [
      ['GET', ''],
      ['POST', `/${request?.id}:approve`],
      ['POST', `/${request?.id}:reject`],
    ] as const) {
      const answer = await fetch(`${lab.api.url}/api/v1/pairing-requests${path}`, { method });
      expect([path, answer.status]).toEqual([path, 401]);
    }
    expect((await requestsOf(lab))[0]?.id).toBe(request?.id);
  });

  it('ends with a sentence when the owner turns the machine away', async () => {
    const lab = await hubWithDoor();
    const node = await machine(lab.door);
    await node.code;
    const [request] = await requestsOf(lab);
    expect((await lab.call(`/pairing-requests/${request?.id}:reject`, { method: 'POST' })).status).toBe(204);
    expect(await node.joined).toBeNull();
    expect(node.events.at(-1)).toMatchObject({ event: 'waiting', reason: 'refused' });
  });
});

describe('a token', () => {
  it('does not bring back a machine that was sent away, also when it has uses left', async () => {
    const lab = await hubWithDoor();
    const identity = await createIdentity('n');
    const client = clientOf(identity, lab.door, lab.identity.pin);
    const { token } = await lab.registry.createToken({ uses: 5, ttlMs: 60_000 });
    const asks = { protocol: protocolVersion, token, name: 'n', pin: identity.pin, capability: labCapability };
    const { nodeId } = await client.join(asks);
    await lab.registry.remove(nodeId);
    await expect(client.join(asks)).rejects.toMatchObject({ code: 'token_invalid' });
    const other = await createIdentity('other');
    const renamed = clientOf(other, lab.door, lab.identity.pin);
    await expect(renamed.join({ ...asks, pin: other.pin })).rejects.toMatchObject({ code: 'token_invalid' });
  });
});
