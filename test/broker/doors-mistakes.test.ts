/** A mistake of ours in a command: that client gets an error, it is logged, what was changed is in the log, and everybody goes on. */
import { afterEach, expect, it } from 'vitest';
import { createClock } from '../../main/broker/clock.ts';
import { declareCommands } from '../../main/broker/command.ts';
import { families } from '../../main/broker/commands/index.ts';
import { Config } from '../../main/broker/config.ts';
import { NO_LOG } from '../../main/broker/effect-log.ts';
import { Engine } from '../../main/broker/engine.ts';
import { NO_REPLY } from '../../main/broker/replies.ts';
import { encodeRequest } from '../../main/broker/resp.ts';
import { listen } from '../../main/broker/server.ts';
import { RawClient } from './support/raw-client.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const TABLE = `
half | 2 | write | RWu:1 | - | - | 1.0.0 | O(1) | status | Sets a key and fails
early | 1 | - | - | - | - | 1.0.0 | O(1) | status | Is never reached
waits | 2 | write blocking | RWu:1 | - | - | 1.0.0 | O(1) | status | Waits for a key and fails when it comes
`;

function mistake(): never {
  throw new TypeError('a mistake of ours');
}

/** Everything that is real but the disk: an engine with three commands that fail, listening. */
async function start(): Promise<{ clients: RawClient[]; records: string[]; errors: string[] }> {
  const errors: string[] = [];
  const records: string[] = [];
  const quiet = (): void => undefined;
  const faulty = declareCommands('faulty', TABLE, {
    half: (session, argv) => {
      session.engine.run(session, ['SET', argv[1] ?? '', 'half']);
      return mistake();
    },
    early: () => NO_REPLY,
    waits: (session, argv) =>
      session.engine.blocking.block(session, {
        keys: [argv[1] ?? ''],
        timeoutMs: 0,
        timeoutReply: null,
        attempt: mistake,
      }),
  });
  const engine = new Engine({
    clock: createClock(),
    config: new Config({}),
    commands: [...families.flat(), ...faulty],
    logger: { debug: quiet, info: quiet, warn: quiet, error: (_fields, message) => errors.push(message) },
  });
  engine.log = { ...NO_LOG, append: (record) => records.push(record) };
  // The checks before a command can fail as well.
  Object.defineProperty(engine.table.get('early') ?? {}, 'denyOom', { get: mistake });
  const server = await listen(engine, { flush: () => true }, { host: '127.0.0.1', port: 0 });
  cleanups.push(() => server.stop());
  const clients = await Promise.all([1, 2].map(() => RawClient.open(server.port)));
  cleanups.push(() => clients.map((client) => client.close()));
  return { clients, records, errors };
}

const INTERNAL = '-ERR internal error\r\n';

it('in a command, alone, in a transaction and in a script', async () => {
  const { clients, records, errors } = await start();
  const [client, other] = clients;
  expect(await client?.send(['HALF', 'a'])).toBe(INTERNAL);
  expect(await client?.send(['GET', 'a'])).toBe('$4\r\nhalf\r\n');
  expect(records.join('')).toContain(encodeRequest(['SET', 'a', 'half']));
  await client?.send(['MULTI']);
  await client?.send(['SET', 'b', '1']);
  await client?.send(['HALF', 'c']);
  await client?.send(['SET', 'd', '1']);
  expect(await client?.send(['EXEC'])).toBe(`*3\r\n+OK\r\n${INTERNAL}+OK\r\n`);
  expect(await client?.send(['EVAL', "redis.call('SET', 'e', 1) redis.pcall('HALF', 'f') return 1", '0'])).toBe(
    ':1\r\n',
  );
  for (const key of ['b', 'd', 'e']) expect(records.join('')).toContain(encodeRequest(['SET', key, '1']));
  expect(await other?.send(['PING'])).toBe('+PONG\r\n');
  expect(errors.length).toBe(3);
});

it('before a command, and in one that waited', async () => {
  const { clients, errors } = await start();
  const [client, other] = clients;
  const waiting = client?.send(['WAITS', 'k']);
  await expect.poll(() => other?.send(['INFO', 'clients'])).toContain('blocked_clients:1');
  expect(await other?.send(['SET', 'k', '1'])).toBe('+OK\r\n');
  expect(await waiting).toBe(INTERNAL);
  expect(await client?.send(['PING'])).toBe('+PONG\r\n');
  expect(await other?.send(['EARLY'])).toBe(INTERNAL);
  expect(await client?.send(['PING'])).toBe('+PONG\r\n');
  expect(errors.length).toBe(2);
});
