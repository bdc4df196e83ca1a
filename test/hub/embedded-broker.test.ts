/** The hub's own broker: when its thread ends, it runs again on the same port, with the same data and users. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import { startBroker } from '../../main/broker/start-broker.ts';
import { embeddedBroker } from '../../main/hub/queue/embedded-broker.ts';
import type { HubBroker } from '../../main/hub/queue/hub-broker.ts';

let dir: string;
let broker: HubBroker;
let clients: Redis[];
let starts: number;

const node = { id: 'n1', local: true, password: 'node-secret' };
const connect = (url: string): Redis => {
  const client = new Redis(url, {
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
    // SHUTDOWN is never answered; sent again it would end the next one, too.
    autoResendUnfulfilledCommands: false,
  });
  client.on('error', () => undefined);
  clients.push(client);
  return client;
};
/** Ends the broker's thread from within, as a crash would. */
async function endThread(): Promise<void> {
  const own = connect(broker.connection.url);
  const ended = new Promise((resolve) => own.once('close', resolve));
  own.shutdown().catch(() => undefined);
  await ended;
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mr-embedded-'));
  clients = [];
  starts = 0;
  broker = await embeddedBroker(({ password, port }) => {
    starts++;
    return startBroker({ dir, port, requirepass: password, inThread: true, logger: silentLogger });
  }, silentLogger);
});
afterEach(async () => {
  for (const client of clients) client.disconnect();
  await broker.stop();
  await rm(dir, { recursive: true });
});

it('runs again after its end: same port, nothing lost, users there, those sent away not', async () => {
  await broker.admit(node.id, node.password);
  await broker.admit('n2', 'other-secret');
  const own = connect(broker.connection.url);
  const asNode = connect(`redis://node%3An1:${node.password}@127.0.0.1:${broker.port}`);
  await asNode.set('mr:n1:x', 'kept');
  await broker.expel('n2');
  await endThread();
  await expect.poll(() => starts).toBe(2);
  expect(await asNode.get('mr:n1:x')).toBe('kept');
  await expect(asNode.get('mr:n2:x')).rejects.toThrow(/NOPERM/);
  expect(await own.acl('USERS')).toEqual(['default', 'node:n1']);
});

it('admits a node that joins while it is down with its next start', async () => {
  await endThread();
  await broker.admit(node.id, node.password);
  const asNode = connect(`redis://node%3An1:${node.password}@127.0.0.1:${broker.port}`);
  await expect.poll(() => asNode.get('mr:n1:x').catch(String), { timeout: 5_000 }).toBeNull();
});
