/** A script that does not end: BUSY for everyone else, SCRIPT KILL, SHUTDOWN NOSAVE, limits of users; beside redis-server where it says the same. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createIdentity } from '../../common/identity.ts';
import { silentLogger } from '../../common/log.ts';
import { startBroker } from '../../main/broker/start-broker.ts';
import { openDoorLab } from './support/door-lab.ts';
import type { RawClient } from './support/raw-client.ts';
import { redisIsInstalled, startRedis } from './support/servers.ts';

const { cleanups, start, raw } = openDoorLab();

const FOR_EVER = 'while true do end';
const WRITES_FOR_EVER = "redis.call('SET', 'half', 1) while true do end";

/** A connection whose script runs for ever, the threshold being passed. */
async function runaway(port: number, script = FOR_EVER): Promise<{ other: RawClient; reply: Promise<string> }> {
  const [caller, other] = await Promise.all([raw(port), raw(port)]);
  expect(await other.send(['CONFIG', 'SET', 'busy-reply-threshold', '50'])).toBe('+OK\r\n');
  const reply = caller.send(['EVAL', script, '0']);
  await expect.poll(() => other.send(['PING']), { timeout: 10_000 }).toMatch(/^-BUSY/);
  return { other, reply };
}

/** A new connection beside a busy script. Whoever was waiting to be let in when the door thread took the port over is reset: it comes again. */
async function late(port: number): Promise<RawClient> {
  for (;;) {
    const client = await raw(port).catch(() => undefined);
    if (client !== undefined && (await client.send(['PING'])) !== '') return client;
  }
}

/** What runs beside a busy script, and what is refused. */
const BESIDE: readonly (readonly string[])[] = [
  ['PING'],
  ['GET', 'a'],
  ['GET'],
  ['NOSUCH'],
  ['AUTH', 'x'],
  ['MULTI'],
  ['GET', 'a'],
  ['EXEC'],
  ['MULTI'],
  ['DISCARD'],
  ['WATCH', 'a'],
  ['UNWATCH'],
  ['SELECT', '1'],
  ['SCRIPT', 'EXISTS', 'a'],
  ['SHUTDOWN'],
  ['SHUTDOWN', 'SAVE'],
  ['SHUTDOWN', 'ABORT'],
  ['INFO'],
  ['ACL', 'WHOAMI'],
  ['SUBSCRIBE', 'c'],
  ['RESET'],
];

describe.skipIf(!redisIsInstalled)('beside redis-server', () => {
  it('answers the same while a script runs, kills it in the same words, and is itself again afterwards', async () => {
    const redis = await startRedis();
    cleanups.push(() => redis.stop());
    const broker = await start();
    const transcript = async (port: number): Promise<string[]> => {
      const { other, reply } = await runaway(port);
      const out: string[] = [];
      for (const words of BESIDE) out.push(await other.send(words));
      const newcomer = await late(port);
      out.push(await newcomer.send(['GET', 'a']), await newcomer.send(['SCRIPT', 'KILL']), await reply);
      out.push(
        await newcomer.send(['SCRIPT', 'KILL']),
        await newcomer.send(['PING']),
        await other.send(['SET', 'a', '1']),
      );
      const later = await raw(port);
      return [...out, await later.send(['GET', 'a'])];
    };
    const [ours, theirs] = await Promise.all([transcript(broker.port), transcript(redis.port)]);
    expect(ours).toEqual(theirs);
  });

  it('does not kill a script that has written', async () => {
    const redis = await startRedis();
    const broker = await start();
    const transcript = async (port: number): Promise<string[]> => {
      const { other, reply } = await runaway(port, WRITES_FOR_EVER);
      reply.catch(() => undefined);
      const newcomer = await late(port);
      return [
        await other.send(['SCRIPT', 'KILL']),
        await newcomer.send(['SCRIPT', 'KILL']),
        await newcomer.send(['GET', 'half']),
      ];
    };
    const [ours, theirs] = await Promise.all([transcript(broker.port), transcript(redis.port)]);
    expect(ours).toEqual(theirs);
    const killer = await late(broker.port);
    void killer.send(['SHUTDOWN', 'NOSAVE']);
    await broker.ended;
    await redis.stop();
  });
});

describe('a script that does not end', () => {
  it('leaves no trace in the log when SHUTDOWN NOSAVE ends it', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'mr-busy-'));
    cleanups.push(() => rm(dir, { recursive: true, force: true }));
    const first = await startBroker({ dir, inThread: true, logger: silentLogger });
    expect(await (await raw(first.port)).send(['SET', 'before', '1'])).toBe('+OK\r\n');
    await runaway(first.port, WRITES_FOR_EVER);
    void (await late(first.port)).send(['SHUTDOWN', 'NOSAVE']);
    expect(await first.ended).toBeUndefined();
    const client = await raw((await start({ dir })).port);
    expect(await client.send(['MGET', 'before', 'half'])).toBe('*2\r\n$1\r\n1\r\n$-1\r\n');
  });

  it('lets new clients in again and again, plain and by TLS, each with its password', async () => {
    const { keyPem, certificatePem } = await createIdentity('broker');
    const broker = await start({
      requirepass: 'secret',
      tls: { key: keyPem, cert: certificatePem, host: '127.0.0.1' },
    });
    const settings = await raw(broker.port);
    await settings.send(['AUTH', 'secret']);
    await settings.send(['CONFIG', 'SET', 'lua-time-limit', '50']);
    for (let round = 0; round < 3; round++) {
      const caller = await raw(broker.port);
      await caller.send(['AUTH', 'secret']);
      const reply = caller.send(['EVAL', FOR_EVER, '0']);
      await expect.poll(() => settings.send(['PING'])).toMatch(/^-BUSY/);
      const plain = await late(broker.port);
      expect(await plain.send(['SCRIPT', 'KILL'])).toMatch(/^-NOAUTH/);
      expect(await plain.send(['AUTH', 'wrong'])).toMatch(/^-WRONGPASS/);
      const secure = await openTls(broker.tlsPort ?? 0);
      expect(await ask(secure, 'PING')).toMatch(/^-NOAUTH/);
      expect(await ask(secure, 'AUTH secret')).toBe('+OK\r\n');
      expect(await ask(secure, 'PING')).toMatch(/^-BUSY/);
      expect(await ask(secure, 'SCRIPT KILL')).toBe('+OK\r\n');
      expect(await reply).toMatch(/^-ERR Script killed by user/);
      // Who came meanwhile stays, and the ports are the broker's again.
      expect(await ask(secure, 'PING')).toBe('+PONG\r\n');
      expect(await plain.send(['AUTH', 'secret'])).toBe('+OK\r\n');
      expect(await plain.send(['CLIENT', 'LIST'])).toContain('cmd=client|list');
      const next = await openTls(broker.tlsPort ?? 0);
      expect(await ask(next, 'AUTH secret')).toBe('+OK\r\n');
    }
  });

  it('is stopped by the limit of its user, whatever it has done; what it did is there and in the log', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'mr-busy-'));
    cleanups.push(() => rm(dir, { recursive: true, force: true }));
    const first = await startBroker({ dir, inThread: true, logger: silentLogger });
    await first.setUser('node', ['on', '>p', '~*', '+@all'], 30);
    const client = await raw(first.port);
    await client.send(['AUTH', 'node', 'p']);
    const stopped =
      /^-ERR Script stopped: it ran longer than its user's limit of 30 ms script: [0-9a-f]{40}, on @user_script:1\.\r\n$/;
    expect(await client.send(['EVAL', FOR_EVER, '0'])).toMatch(stopped);
    expect(await client.send(['EVAL', `pcall(function() ${WRITES_FOR_EVER} end)`, '0'])).toMatch(stopped);
    expect(await client.send(['GET', 'half'])).toBe('$1\r\n1\r\n');
    expect(await client.send(['EVAL', 'return 1', '0'])).toBe(':1\r\n');
    await first.stop();
    const again = await raw((await start({ dir })).port);
    expect(await again.send(['GET', 'half'])).toBe('$1\r\n1\r\n');
  });

  it('does not keep the broker from being stopped by its owner', async () => {
    const broker = await start();
    await runaway(broker.port);
    await broker.stop();
    expect(await broker.ended).toBeUndefined();
    await broker.stop();
  });

  it('is found between slow commands too', async () => {
    const broker = await start();
    const client = await raw(broker.port);
    await client.send(['EVAL', "for i = 1, 20000 do redis.call('SET', i, i) end", '0']);
    const { other, reply } = await runaway(broker.port, "while true do redis.call('KEYS', '*') end");
    expect(await other.send(['SCRIPT', 'KILL'])).toBe('+OK\r\n');
    expect(await reply).toMatch(/^-ERR Script killed/);
  });
});

async function openTls(port: number): Promise<TLSSocket> {
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const opening: TLSSocket = tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
      resolve(opening),
    );
    opening.once('error', reject);
  });
  cleanups.push(async () => socket.destroy());
  return socket;
}

function ask(socket: TLSSocket, line: string): Promise<string> {
  const answer = new Promise<string>((resolve) => socket.once('data', (data: Buffer) => resolve(data.toString())));
  socket.write(`${line}\r\n`);
  return answer;
}
