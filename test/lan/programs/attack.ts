/**
 * Everything that a machine might try against a hub, from a host of its own. Prints one JSON object: what was tried, and what came of
 * it. `stranger` was never let in; `curious` was, and wants to see more than its own work.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Redis } from 'ioredis';
import { request } from 'undici';
import { z } from 'zod';
import { createIdentity, type Identity } from '../../../common/identity.ts';
import { pinnedDispatcher } from '../../../common/pinned-dispatcher.ts';
import { connectPinned } from '../../../common/pinned-tls.ts';
import { apiBase, operations } from '../../../contract/hub-api.ts';
import { joinResponseSchema, protocolVersion } from '../../../contract/node.ts';
import type { Operation } from '../../../contract/operations/operation.ts';
import { pinnedConnector } from '../../../node-agent/pinned-broker.ts';
import { labCapability } from '../../support/lab-capability.ts';

const planSchema = z.object({
  role: z.enum(['stranger', 'curious']),
  host: z.string(),
  apiPort: z.int(),
  brokerPort: z.int(),
  /** The hub's loopback ports, which nobody outside should reach. */
  innerPorts: z.array(z.int()),
  pin: z.string(),
  token: z.string(),
  /** A blob of the hub, another node, and one of its attempts. */
  blob: z.string(),
  otherNode: z.string(),
});
type Plan = z.output<typeof planSchema>;
const plan: Plan = planSchema.parse(JSON.parse(process.argv[2] ?? '{}'));
const outcomes: Record<string, unknown> = {};
/** Whoever is not wanted is told so within this time, on a busy machine, too. */
const heldAfterMs = 2_000;
const patienceMs = 30_000;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);

/** An HTTP client with a key. */
function client(identity: Identity, bearer: string | null) {
  const dispatcher = pinnedDispatcher({ pin: plan.pin, identity, timeoutMs: 5_000, silenceMs: 8_000 });
  const ask = async (
    method: Operation['method'],
    path: string,
    body: string | null = null,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; code: string; text: string }> => {
    const answer = await request(`https://${plan.host}:${plan.apiPort}${path}`, {
      dispatcher,
      method,
      body,
      headers: {
        ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
        ...(body !== null && { 'content-type': 'application/json' }),
        ...headers,
      },
    });
    const text = await answer.body.text();
    const parsed = z.object({ code: z.string() }).safeParse(JSON.parse(text || '{}'));
    return { status: answer.statusCode, code: parsed.data?.code ?? '', text };
  };
  return { ask, close: () => dispatcher.destroy() };
}
type Client = ReturnType<typeof client>;

const machineOf = (identity: Identity, name: string) => ({
  protocol: protocolVersion,
  name,
  pin: identity.pin,
  capability: labCapability,
});

/** All operations but the public ones: how many answered with something else than a refusal. */
async function everyOperation({ ask }: Client): Promise<string[]> {
  const open: string[] = [];
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    if (operation.scope === 'public' || operation.scope === 'node') continue;
    const path = operation.path.replace('{sha256}', plan.blob).replace(/\{\w+\}/g, plan.otherNode);
    const { status } = await ask(operation.method, apiBase + path);
    if (status !== 401 && status !== 403) open.push(`${name} ${status}`);
  }
  return open;
}

async function pathTricks({ ask }: Client): Promise<string[]> {
  const open: string[] = [];
  for (const path of [
    '/../identity/key.pem',
    '/%2e%2e/identity/key.pem',
    '/..%2f..%2fidentity%2fkey.pem',
    '/api/v1/blobs/..%2F..%2Fidentity%2Fkey.pem',
    '/api/v1/blobs/%2e%2e%2f%2e%2e%2ftoken',
    `/api/v1/nodes/..%2f${plan.otherNode}`,
    '/assets/../../token',
    '/status/..%2f..%2ftoken',
    '//etc/passwd',
    '/api/v1/blobs/%00',
  ]) {
    const { status, text } = await ask('GET', path).catch((error: unknown) => ({ status: 0, text: codeOf(error) }));
    if (status < 400 && status !== 0) open.push(`${path} ${status}`);
    if (text.includes('PRIVATE KEY') || text.includes('mra1.')) open.push(`${path} tells a secret`);
  }
  return open;
}

const connects = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ host: plan.host, port, timeout: 2_000 });
    socket.once('connect', () => {
      socket.destroy();
      resolve('open');
    });
    socket.once('timeout', () => {
      socket.destroy();
      resolve('silent');
    });
    socket.once('error', (error) => resolve(codeOf(error)));
  });

/** What the broker's door says to a key before anything is asked. */
function brokerDoor({ keyPem, certificatePem }: Identity): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTls({
      host: plan.host,
      port: plan.brokerPort,
      key: keyPem,
      cert: certificatePem,
      rejectUnauthorized: false,
    });
    let heard = '';
    socket.on('secureConnect', () => socket.write('PING\r\n'));
    socket.on('data', (data: Buffer) => {
      heard += data.toString();
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(heard === '' ? 'closed' : heard.trim()));
  });
}

/** Many connections that say nothing, or no handshake. How many were still held a while after the last, and when all were closed, ms. */
async function flood(count: number, word: string): Promise<{ held: number; closedMs: number }> {
  const startedMs = performance.now();
  const open = new Set<Socket>();
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect({ host: plan.host, port: plan.apiPort });
      open.add(socket);
      // Without a reader an end is not seen.
      socket.resume();
      socket.on('connect', () => {
        if (word !== '') socket.write(word);
        resolve();
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        resolve();
      });
    });
  for (let begun = 0; begun < count; begun += 200)
    await Promise.all(Array.from({ length: Math.min(200, count - begun) }, one));
  await new Promise((resolve) => setTimeout(resolve, heldAfterMs));
  const held = open.size;
  const last = [...open].map((socket) => once(socket, 'close'));
  await Promise.race([Promise.all(last), new Promise((resolve) => setTimeout(resolve, patienceMs).unref())]);
  const closedMs = Math.round(performance.now() - startedMs);
  for (const socket of open) socket.destroy();
  return { held, closedMs };
}

async function stranger(): Promise<void> {
  const identity = await createIdentity('stranger');
  const http = client(identity, null);
  const forged = client(identity, `mrn1.${plan.otherNode}.${'A'.repeat(43)}`);
  outcomes['operations without credentials'] = await everyOperation(http);
  outcomes['operations with a forged node’s'] = await everyOperation(forged);
  outcomes['paths'] = await pathTricks(http);
  outcomes['inner ports'] = await Promise.all(plan.innerPorts.map(connects));
  outcomes['broker'] = await brokerDoor(identity);
  const used = { ...machineOf(identity, 'x'), token: plan.token };
  outcomes['used token'] = (await http.ask('POST', `${apiBase}/nodes:join`, JSON.stringify(used))).code;
  const swapped = { ...used, pin: 'a'.repeat(64) };
  outcomes['swapped certificate'] = (await http.ask('POST', `${apiBase}/nodes:join`, JSON.stringify(swapped))).code;
  outcomes['rebinding'] = (await http.ask('GET', `${apiBase}/farm`, null, { host: 'evil.example' })).status;
  const huge = { 'content-length': '10000000000', 'content-type': 'application/octet-stream' };
  outcomes['10 GB'] = await announce(identity, null, huge);
  outcomes['slow-loris'] = await flood(200, 'x');
  outcomes['10 000 connections'] = await flood(10_000, '');
  await Promise.all([http.close(), forged.close()]);
}

/** Announces a body and sends nothing of it: the refusal must come at once. */
async function announce(
  identity: Identity,
  bearer: string | null,
  headers: Record<string, string>,
): Promise<{ status: string; ms: number }> {
  const socket = await connectPinned({ host: plan.host, port: plan.apiPort, pin: plan.pin, identity });
  const startedMs = performance.now();
  const lines = Object.entries({ host: plan.host, ...(bearer && { authorization: `Bearer ${bearer}` }), ...headers });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.write(`PUT ${apiBase}/blobs/${'c'.repeat(64)} HTTP/1.1\r\n${head}\r\n`);
  const [data] = await once(socket, 'data');
  const status = /^HTTP\/1.1 (\d+)/.exec(String(data))?.[1] ?? '';
  socket.destroy();
  return { status, ms: Math.round(performance.now() - startedMs) };
}

/** What the broker answers a node's own user to commands beyond its queues. */
async function atBroker(identity: Identity, access: z.output<typeof joinResponseSchema>['broker']) {
  const redis = new Redis({
    ...pinnedConnector({ host: plan.host, port: plan.brokerPort, pin: plan.pin, identity }),
    username: access.username ?? '',
    password: access.password ?? '',
    maxRetriesPerRequest: 1,
    enableReadyCheck: false,
  });
  redis.on('error', () => {});
  const answers: Record<string, string> = {};
  for (const line of [
    'keys *',
    'scan 0',
    `hgetall mr:${plan.otherNode}:watermark:meta`,
    `lrange mr:${plan.otherNode}:watermark:wait 0 -1`,
    `lpush mr:${plan.otherNode}:watermark:wait forged`,
    'config get *',
    'acl list',
    'acl setuser default on nopass ~* +@all',
    'flushall',
    'monitor',
    'client kill type normal',
    'shutdown nosave',
    'subscribe anything',
  ]) {
    const [command = '', ...args] = line.split(' ');
    const answer = await redis.call(command, ...args).catch((error: unknown) => String(error));
    answers[line] = /NOPERM|unknown command/.test(String(answer)) ? 'refused' : String(answer);
  }
  answers['own queue'] = String(await redis.call('exists', `${access.prefix}:watermark:meta`));
  redis.disconnect();
  return answers;
}

/** Joins, looks around, and says when it was sent away. */
async function curious(): Promise<void> {
  const identity = await createIdentity('curious');
  const anonymous = client(identity, null);
  const request = { ...machineOf(identity, 'curious ../../x'), token: plan.token };
  const { text } = await anonymous.ask('POST', `${apiBase}/nodes:join`, JSON.stringify(request));
  const { nodeId, secret, broker } = joinResponseSchema.parse(JSON.parse(text));
  const bearer = `mrn1.${nodeId}.${secret}`;
  const http = client(identity, bearer);
  const session = randomUUID();
  const { token: _, pin: __, ...machine } = request;
  const hello = JSON.stringify({ ...machine, session, attempts: [] });
  outcomes['own hello'] = (await http.ask('POST', `${apiBase}/nodes/${nodeId}:hello`, hello)).status;
  outcomes['operations'] = await everyOperation(http);
  outcomes['paths'] = await pathTricks(http);
  outcomes['another node’s hello'] = (await http.ask('POST', `${apiBase}/nodes/${plan.otherNode}:hello`, hello)).code;
  const result = {
    outcome: 'failed',
    error: { code: 'stage_failed', message: 'x' },
    metrics: { processingMs: 1, transferMs: 1, peakMemoryBytes: 1 },
  };
  outcomes['a result of nobody'] = (
    await http.ask('POST', `${apiBase}/attempts/${plan.otherNode}.watermark.main~1/result`, JSON.stringify(result))
  ).status;
  outcomes['10 GB'] = await announce(identity, bearer, {
    'content-length': '10000000000',
    'content-type': 'application/octet-stream',
  });
  outcomes['broker'] = await atBroker(identity, broker);
  const thief = client(await createIdentity('thief'), bearer);
  outcomes['its secret with another key'] = (await thief.ask('POST', `${apiBase}/nodes/${nodeId}:hello`, hello)).code;
  // From here on the test sends it away.
  process.stdout.write(`${JSON.stringify({ joined: nodeId })}\n`);
  await once(process.stdin, 'data');
  outcomes['revoked: hello'] = (await http.ask('POST', `${apiBase}/nodes/${nodeId}:hello`, hello)).code;
  outcomes['revoked: broker'] = await brokerDoor(identity);
  outcomes['revoked: token again'] = (
    await anonymous.ask('POST', `${apiBase}/nodes:join`, JSON.stringify(request))
  ).code;
  await Promise.all([http.close(), anonymous.close(), thief.close()]);
}

await (plan.role === 'stranger' ? stranger() : curious());
process.stdout.write(`${JSON.stringify({ outcomes })}\n`);
process.exit(0);
