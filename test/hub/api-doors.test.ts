import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { type Agent, fetch, type RequestInit } from 'undici';
import { v7 as uuid } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdentity, type Identity } from '../../common/identity.ts';
import { pinnedDispatcher } from '../../common/pinned-dispatcher.ts';
import { connectPinned } from '../../common/pinned-tls.ts';
import { problemSchema } from '../../contract/errors.ts';
import { operations } from '../../contract/hub-api.ts';
import { type ApiLab, labCapability, startApiLab } from '../support/api-lab.ts';

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('the door to the network', () => {
  let lab: ApiLab;
  let node: Identity;
  let port: number;
  let nodeId: string;
  let bearer: string;
  let agent: Agent;
  const agents: Agent[] = [];
  const agentOf = (identity: Identity): Agent => {
    const made = pinnedDispatcher({ pin: lab.identity.pin, identity });
    agents.push(made);
    return made;
  };
  const ask = (path: string, init: RequestInit = {}, dispatcher = agent, token: string | null = bearer) =>
    fetch(`https://127.0.0.1:${port}${path}`, {
      dispatcher,
      ...init,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(init.headers as Record<string, string>),
      },
    });
  const codeOf = async (answer: Awaited<ReturnType<typeof ask>>) => problemSchema.parse(await answer.json()).code;

  beforeAll(async () => {
    lab = await startApiLab();
    port = (await lab.api.openTlsDoor(lab.identity, '127.0.0.1', 0)).port;
    node = await createIdentity('node');
    agent = agentOf(node);
    const { token } = await lab.registry.createToken({ uses: 5, ttlMs: 60_000 });
    const joined = await ask(
      '/api/v1/nodes:join',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ protocol: 1, token, name: 'n1', pin: node.pin, capability: labCapability }),
      },
      agent,
      null,
    );
    expect(joined.status).toBe(201);
    const answer = operations.joinNode.response.parse(await joined.json());
    nodeId = answer.nodeId;
    bearer = `mrn1.${nodeId}.${answer.secret}`;
  });
  afterAll(async () => {
    await Promise.all(agents.map((one) => one.destroy()));
    await lab.end();
  });

  it('lets a joined node do what nodes do, and nothing else', async () => {
    const hello = await ask(`/api/v1/nodes/${nodeId}:hello`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ protocol: 1, session: uuid(), name: 'n1', capability: labCapability, attempts: [] }),
    });
    expect(hello.status).toBe(200);
    await hello.arrayBuffer();
    for (const path of ['/api/v1/farm', '/api/v1/items', '/api/v1/settings', '/api/v1/events'])
      expect([path, await codeOf(await ask(path))]).toEqual([path, 'forbidden']);
  });

  it('shows strangers nothing, not even the window or its health', async () => {
    for (const path of ['/', '/health', '/readyz', '/api/v1/farm', `/status/${uuid()}`, '/api/stats']) {
      const answer = await ask(path, {}, agent, null);
      expect([path, answer.status]).toEqual([path, path === '/' ? 404 : 401]);
      await answer.arrayBuffer();
    }
    // The owner's token is for this machine alone.
    expect(await codeOf(await ask('/api/v1/farm', {}, agent, lab.token))).toBe('unauthorized');
  });

  it('takes a node’s word only with the node’s key', async () => {
    const thief = agentOf(await createIdentity('thief'));
    expect(await codeOf(await ask(`/api/v1/blobs/${'a'.repeat(64)}/upload`, {}, thief))).toBe('unauthorized');
  });

  it('speaks TLS 1.3 only', async () => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
    const [error] = await once(socket, 'error');
    expect(String(error)).toMatch(/protocol version|alert/i);
  });

  it('gives a node only the bytes that its work needs', async () => {
    const bytes = randomBytes(100_000);
    const sha256 = digest(bytes);
    async function* whole() {
      yield bytes;
    }
    await lab.blobs.put(whole(), { maxBytes: 1e6 });
    expect(await codeOf(await ask(`/api/v1/blobs/${sha256}`))).toBe('forbidden');
    lab.readable.add(`${nodeId} ${sha256}`);
    const got = await ask(`/api/v1/blobs/${sha256}`, { headers: { range: 'bytes=10-' } });
    expect(got.status).toBe(206);
    expect(Buffer.from(await got.arrayBuffer())).toEqual(bytes.subarray(10));
    lab.readable.add(`${nodeId} ${'b'.repeat(64)}`);
    expect(await codeOf(await ask(`/api/v1/blobs/${'b'.repeat(64)}`))).toBe('blob_unavailable');
  });

  it('takes outputs by digest: whole, known already, resumed, damaged', async () => {
    const put = (sha256: string, bytes: Uint8Array, headers: Record<string, string> = {}) =>
      ask(`/api/v1/blobs/${sha256}`, {
        method: 'PUT',
        body: bytes,
        headers: { 'content-type': 'application/octet-stream', ...headers },
      });
    const small = randomBytes(50_000);
    expect(await codeOf(await put(digest(small), small))).toBe('forbidden');
    lab.writers.add(nodeId);
    const first = await put(digest(small), small);
    expect(first.status).toBe(201);
    expect(await first.json()).toEqual({ sha256: digest(small), sizeBytes: small.length });
    const again = await put(digest(small), small);
    expect(again.status).toBe(200);
    await again.arrayBuffer();
    expect(await codeOf(await put(digest(randomBytes(3)), small))).toBe('input_digest_mismatch');

    const large = randomBytes(9_000_000);
    const sha256 = digest(large);
    const socket = await connectPinned({ host: '127.0.0.1', port, pin: lab.identity.pin, identity: node });
    socket.write(
      `PUT /api/v1/blobs/${sha256} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer ${bearer}\r\nContent-Type: application/octet-stream\r\nContent-Length: ${large.length}\r\n\r\n`,
    );
    socket.write(large.subarray(0, 5_000_000));
    const offsetOf = async () =>
      operations.getBlobOffset.response.parse(await (await ask(`/api/v1/blobs/${sha256}/upload`)).json());
    await expect.poll(async () => (await offsetOf()).offset).toBeGreaterThan(1_000_000);
    socket.destroy();
    await expect
      .poll(async () => {
        const { offset } = await offsetOf();
        const rest = await put(sha256, large.subarray(offset), { 'upload-offset': String(offset) });
        await rest.arrayBuffer();
        return rest.status;
      })
      .toBe(201);
    expect(await offsetOf()).toEqual({ complete: true, offset: large.length });
    expect(await lab.blobs.size(sha256)).toBe(large.length);
  });

  it('takes upload-final from a node', async () => {
    const form = new FormData();
    form.set('worker_name', 'n1');
    form.set('file', new File([randomBytes(500)], 'watermarked_x.jpg'));
    const encoded = new Response(form);
    const answer = await ask('/upload-final', {
      method: 'POST',
      headers: { 'content-type': encoded.headers.get('content-type') ?? '', 'idempotency-key': 'n-1' },
      body: Buffer.from(await encoded.arrayBuffer()),
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: 'ok', stored_as: 'watermarked_x.jpg' });
  });

  it('ends a removed node’s connections at once', async () => {
    const socket = await connectPinned({ host: '127.0.0.1', port, pin: lab.identity.pin, identity: node });
    socket.write(
      `GET /api/v1/blobs/${'c'.repeat(64)}/upload HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer ${bearer}\r\n\r\n`,
    );
    await once(socket, 'data');
    const closed = once(socket, 'close');
    socket.on('error', () => {});
    const removed = await lab.call(`/nodes/${nodeId}`, { method: 'DELETE' });
    expect(removed.status).toBe(204);
    await closed;
    expect(['unauthorized', 'node_unknown']).toContain(
      await codeOf(await ask(`/api/v1/blobs/${'c'.repeat(64)}/upload`)),
    );
  });

  it('closes, and opens again with another key', async () => {
    await lab.api.closeTlsDoor();
    await expect(ask('/api/v1/openapi.json')).rejects.toThrow();
    const next = await createIdentity('hub');
    port = (await lab.api.openTlsDoor(next, '127.0.0.1', 0)).port;
    await expect(ask('/api/v1/openapi.json')).rejects.toThrow();
    const trusting = pinnedDispatcher({ pin: next.pin, identity: node });
    agents.push(trusting);
    expect((await ask('/api/v1/openapi.json', {}, trusting)).status).toBe(200);
  });

  it('plain http stays on this machine', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'mr-api-'));
    await expect(startApiLab({ host: '0.0.0.0', dir })).rejects.toThrow('not loopback');
    await rm(dir, { recursive: true });
  });
});
