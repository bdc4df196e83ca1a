import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createIdentity, type Identity } from '../../common/identity.ts';
import { createHubClient, type HubClient } from '../../node-agent/hub-client.ts';
import { startTlsRelay } from '../support/tls-relay.ts';
import { type FakeHub, sha256, startFakeHub } from './support/fake-hub.ts';

let identity: Identity;
let hubIdentity: Identity;
let hub: FakeHub;
const clients: HubClient[] = [];

beforeAll(async () => {
  [identity, hubIdentity] = await Promise.all([createIdentity('node'), createIdentity('hub')]);
  hub = await startFakeHub();
});
afterAll(() => hub.stop());
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

function connect(baseUrl: string, pin = ''): HubClient {
  const client = createHubClient(identity, { connectMs: 500, callMs: 700, silenceMs: 500 });
  client.moveTo({ baseUrl, pin, bearer: `mrn1.${hub.nodeId}.${hub.secret}` });
  clients.push(client);
  return client;
}
const beat = {
  session: '01890a5d-ac96-774b-bcce-b302099a8057',
  load: { cpu: 0, freeMemoryBytes: 1, freeDiskBytes: 1, cacheBytes: 0 },
  attempts: [],
  paused: false,
};

it('speaks plain http to this machine only', async () => {
  expect(await connect(hub.url).heartbeat(hub.nodeId, beat)).toEqual({ drop: [], hello: false, check: [] });
  expect(() => connect('http://192.168.1.5:80')).toThrow('https');
});

it('speaks pinned TLS to others, and not a byte to a stranger', async () => {
  const relay = await startTlsRelay(hubIdentity, Number(new URL(hub.url).port));
  const url = `https://127.0.0.1:${relay.port}`;
  const bytes = Buffer.alloc(300_000, 'x');
  hub.blobs.set(sha256(bytes), bytes);
  const client = connect(url, hubIdentity.pin);
  expect(await client.heartbeat(hub.nodeId, beat)).toEqual({ drop: [], hello: false, check: [] });
  const stream = await client.readBlob(sha256(bytes), 100_000);
  expect(stream.offset).toBe(100_000);
  let size = 0;
  for await (const chunk of stream.bytes) size += chunk.length;
  expect(size).toBe(200_000);
  const before = relay.bytes;
  await expect(connect(url, identity.pin).heartbeat(hub.nodeId, beat)).rejects.toMatchObject({
    code: 'hub_identity_changed',
  });
  expect(relay.bytes).toBe(before);
  await relay.stop();
});

it('turns problems into errors of the table', async () => {
  const client = connect(hub.url);
  hub.refusals.set('result', 'attempt_closed');
  const failed = {
    outcome: 'failed',
    error: { code: 'stage_failed', message: 'x' },
    metrics: { processingMs: 0, transferMs: 0, peakMemoryBytes: 0 },
  } as const;
  await expect(client.postResult('a', failed)).rejects.toMatchObject({ code: 'attempt_closed' });
  await expect(client.readBlob('0'.repeat(64), 0)).rejects.toMatchObject({ code: 'not_found' });
  hub.refusals.clear();
});

it.each([
  ['closes', 'HTTP/1.1 200 OK\r\n', true],
  ['never answers', '', false],
  ['stops in the middle', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"dr', false],
  ['trickles', 'trickle', false],
  ['is no hub', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello', false],
  ['is no web server', 'SSH-2.0-OpenSSH_9.2\r\n', false],
])('gives up on something that %s', async (_what, text, close) => {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    if (text === 'trickle') {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
      const timer = setInterval(() => socket.write('x'), 50);
      socket.on('close', () => clearInterval(timer));
    } else socket.once('data', () => (close ? socket.end(text) : socket.write(text)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const startMs = performance.now();
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await expect(client.heartbeat(hub.nodeId, beat)).rejects.toMatchObject({ code: 'hub_unreachable' });
  expect(performance.now() - startMs).toBeLessThan(3_000);
  await client.close();
  server.close();
});

it('says which hub cannot be reached', async () => {
  await expect(connect('http://127.0.0.1:1').heartbeat(hub.nodeId, beat)).rejects.toThrow('http://127.0.0.1:1');
  const client = createHubClient(identity);
  await expect(client.heartbeat(hub.nodeId, beat)).rejects.toMatchObject({ code: 'hub_unreachable' });
});

it('ends a call with the caller’s own reason', async () => {
  const abort = new AbortController();
  abort.abort(new Error('dropped'));
  await expect(connect(hub.url).readBlob('0'.repeat(64), 0, abort.signal)).rejects.toThrow('dropped');
});
