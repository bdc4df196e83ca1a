/** What a client may make the broker hold, and who is let in: sizes, readers that do not read, idle ones, too many, users that change. */
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { connect as tlsConnect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createIdentity } from '../../common/identity.ts';
import { openDoorLab } from './support/door-lab.ts';
import type { RawClient } from './support/raw-client.ts';
import { redisIsInstalled, startRedis } from './support/servers.ts';

const { cleanups, start, raw } = openDoorLab();

/** A connection of which only the end counts. */
async function bare(port: number): Promise<{ socket: Socket; text: () => string; closed: Promise<void> }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (data: Buffer) => {
    text += data.toString('latin1');
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  cleanups.push(async () => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, text: () => text, closed };
}

async function clientCount(client: RawClient): Promise<number> {
  return Number(/connected_clients:(\d+)/.exec(await client.send(['INFO', 'clients']))?.[1]);
}

describe('a reader that does not read', () => {
  it('is cut off at the limit of its class, listeners and others', async () => {
    const broker = await start();
    const admin = await raw(broker.port);
    await admin.send(['CONFIG', 'SET', 'client-output-buffer-limit', 'normal 4000000 0 0 pubsub 3000000 0 0']);
    await admin.send(['SET', 'big', 'x'.repeat(500_000)]);
    const [asker, listener] = await Promise.all([bare(broker.port), bare(broker.port)]);
    asker.socket.pause();
    listener.socket.pause();
    listener.socket.write('SUBSCRIBE c\r\n');
    await expect.poll(() => admin.send(['PUBSUB', 'NUMSUB', 'c'])).toContain(':1');
    asker.socket.write('GET big\r\n'.repeat(200));
    for (let n = 0; n < 40; n++) await admin.send(['PUBLISH', 'c', 'y'.repeat(500_000)]);
    await expect.poll(() => clientCount(admin)).toBe(1);
    asker.socket.resume();
    listener.socket.resume();
    await Promise.all([asker.closed, listener.closed]);
  });

  it('is cut off when it stays beyond the soft limit', async () => {
    const broker = await start();
    const admin = await raw(broker.port);
    await admin.send(['CONFIG', 'SET', 'client-output-buffer-limit', 'normal 0 1000000 1']);
    await admin.send(['SET', 'big', 'x'.repeat(500_000)]);
    const asker = await bare(broker.port);
    asker.socket.pause();
    asker.socket.write('GET big\r\n'.repeat(60));
    await expect.poll(() => clientCount(admin)).toBe(2);
    await expect.poll(() => clientCount(admin), { timeout: 10_000 }).toBe(1);
  });

  it('gets everything when it reads after all', async () => {
    const broker = await start();
    const admin = await raw(broker.port);
    await admin.send(['SET', 'big', 'x'.repeat(500_000)]);
    const asker = await bare(broker.port);
    asker.socket.pause();
    asker.socket.write('GET big\r\n'.repeat(60));
    await expect.poll(() => admin.send(['CLIENT', 'LIST'])).toMatch(/omem=[1-9]/);
    asker.socket.resume();
    await expect.poll(() => asker.text().length).toBe(60 * 500_011);
  });
});

describe('what is sent', () => {
  it('is bounded, commands queued by MULTI included', async () => {
    const broker = await start({ requirepass: 'p' });
    const admin = await raw(broker.port);
    await admin.send(['AUTH', 'p']);
    await admin.send(['CONFIG', 'SET', 'client-query-buffer-limit', '1048576']);
    const queuing = await bare(broker.port);
    queuing.socket.write(`AUTH p\r\nMULTI\r\n`);
    const request = `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$60000\r\n${'x'.repeat(60_000)}\r\n`;
    for (let n = 0; n < 30; n++) queuing.socket.write(request);
    await queuing.closed;
    const long = await bare(broker.port);
    long.socket.write(`AUTH p\r\n*2\r\n$3\r\nGET\r\n$2000000\r\n${'x'.repeat(1_500_000)}`);
    await long.closed;
  });

  it('may be a mistake: the client is told, let go and not kept, even if it keeps its side open', async () => {
    const broker = await start();
    const admin = await raw(broker.port);
    const client = connect({ port: broker.port, host: '127.0.0.1', allowHalfOpen: true });
    cleanups.push(async () => client.destroy());
    const answer = new Promise((resolve) => client.once('data', (data: Buffer) => resolve(data.toString())));
    client.write('*1\r\n:1\r\n');
    expect(await answer).toBe("-ERR Protocol error: expected '$', got ':'\r\n");
    await expect.poll(() => clientCount(admin)).toBe(1);
  });
});

describe.skipIf(!redisIsInstalled)('beside redis-server', () => {
  it('refuses too many clients and idle ones alike', async () => {
    const redis = await startRedis();
    cleanups.push(() => redis.stop());
    const transcript = async (port: number): Promise<string[]> => {
      const admin = await raw(port);
      await admin.send(['CONFIG', 'SET', 'maxclients', '2']);
      const second = await raw(port);
      const out = [await second.send(['PING'])];
      const third = await bare(port);
      await third.closed;
      out.push(third.text());
      second.close();
      await expect.poll(() => clientCount(admin)).toBe(1);
      const idle = await bare(port);
      await admin.send(['CONFIG', 'SET', 'timeout', '1']);
      await idle.closed;
      return [...out, idle.text()];
    };
    const [ours, theirs] = await Promise.all([transcript((await start()).port), transcript(redis.port)]);
    expect(ours).toEqual(theirs);
  });
});

describe('users', () => {
  it('are cut off when they may not hear a channel any more, and stay when they may', async () => {
    const broker = await start();
    const admin = await raw(broker.port);
    await broker.setUser('u', ['on', '>p', '+@all', '&a*', '&b*']);
    const [a, b] = await Promise.all([bare(broker.port), bare(broker.port)]);
    a.socket.write('AUTH u p\r\nSUBSCRIBE a1\r\n');
    b.socket.write('AUTH u p\r\nSUBSCRIBE b1\r\n');
    await expect.poll(() => admin.send(['PUBSUB', 'NUMSUB', 'a1', 'b1'])).toMatch(/:1\r\n[^:]*:1/);
    await admin.send(['ACL', 'SETUSER', 'u', 'resetchannels', '&a*']);
    await b.closed;
    await admin.send(['PUBLISH', 'a1', 'still']);
    await expect.poll(a.text).toContain('still');
  });

  it('cannot log in when switched off, `default` included', async () => {
    const broker = await start();
    const admin = await raw(broker.port);
    expect(await admin.send(['ACL', 'SETUSER', 'boss', 'on', '>p', '~*', '&*', '+@all'])).toBe('+OK\r\n');
    expect(await admin.send(['ACL', 'SETUSER', 'default', 'off'])).toBe('+OK\r\n');
    const client = await raw(broker.port);
    expect(await client.send(['PING'])).toMatch(/^-NOAUTH/);
    expect(await client.send(['AUTH', 'default', ''])).toMatch(/^-WRONGPASS/);
    expect(await client.send(['AUTH', 'boss', 'p'])).toBe('+OK\r\n');
    expect(await client.send(['PING'])).toBe('+PONG\r\n');
  });

  it('may have selectors: a request must be within one of them as a whole', async () => {
    const broker = await start();
    const admin = await raw(broker.port);
    const rules = ['on', '>p', '%R~r:*', '%W~w:*', '+get', '+copy', '+set', '(~s:*', '+lpush)', '(+@read', '~x:*)'];
    expect(await admin.send(['ACL', 'SETUSER', 'u', ...rules])).toBe('+OK\r\n');
    const client = await raw(broker.port);
    await client.send(['AUTH', 'u', 'p']);
    const denied = '-NOPERM No permissions to access a key\r\n';
    expect(await client.send(['GET', 'r:1'])).toBe('$-1\r\n');
    expect(await client.send(['GET', 'w:1'])).toBe(denied);
    expect(await client.send(['SET', 'w:1', 'v'])).toBe('+OK\r\n');
    expect(await client.send(['SET', 'w:1', 'v', 'GET'])).toBe(denied);
    expect(await client.send(['COPY', 'r:1', 'w:2'])).toBe(':0\r\n');
    expect(await client.send(['COPY', 'w:1', 'r:2'])).toBe(denied);
    expect(await client.send(['LPUSH', 's:1', 'v'])).toBe(':1\r\n');
    expect(await client.send(['LPUSH', 'w:1', 'v'])).toBe(denied);
    expect(await client.send(['LRANGE', 'x:1', '0', '1'])).toBe('*0\r\n');
    expect(await client.send(['DEL', 'x:1'])).toMatch(/^-NOPERM User u has no permissions to run the 'del' command/);
    expect(await admin.send(['ACL', 'LOG', '1'])).toMatch(/command\r\n.*del\r\n.*user=u /s);
  });
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;

describe.skipIf(outside === undefined)('protected mode', () => {
  it('lets nobody in from beyond this machine once there is no password any more', async () => {
    const broker = await start({ host: '0.0.0.0', requirepass: 'p' });
    const fromOutside = async (line: string): Promise<string> => {
      const socket = connect(broker.port, outside);
      cleanups.push(async () => socket.destroy());
      const answer = new Promise<string>((resolve) => socket.once('data', (data: Buffer) => resolve(data.toString())));
      socket.on('error', () => undefined);
      socket.write(line);
      return answer;
    };
    expect(await fromOutside('AUTH p\r\n')).toBe('+OK\r\n');
    const admin = await raw(broker.port);
    await admin.send(['AUTH', 'p']);
    await admin.send(['CONFIG', 'SET', 'requirepass', '']);
    expect(await fromOutside('PING\r\n')).toMatch(/^-DENIED Redis is running in protected mode/);
    expect(await (await raw(broker.port)).send(['PING'])).toBe('+PONG\r\n');
  });
});

describe('TLS with client certificates', () => {
  it('lets in whom the authority knows, and a resumed session without its key not', async () => {
    const [server, client] = await Promise.all([createIdentity('broker'), createIdentity('node')]);
    const tls = { key: server.keyPem, cert: server.certificatePem, ca: client.certificatePem, host: '127.0.0.1' };
    const broker = await start({ tls });
    const answer = (more: object): Promise<{ text: string; session: Buffer | undefined }> =>
      new Promise((resolve) => {
        const socket = tlsConnect({ port: broker.tlsPort ?? 0, host: '127.0.0.1', rejectUnauthorized: false, ...more });
        let session: Buffer | undefined;
        socket.write('PING\r\n');
        socket.on('error', () => resolve({ text: '', session }));
        socket.on('close', () => resolve({ text: '', session }));
        socket.on('data', (data: Buffer) => {
          session = socket.getSession();
          socket.destroy();
          resolve({ text: data.toString(), session });
        });
      });
    const known = await answer({ key: client.keyPem, cert: client.certificatePem });
    expect(known.text).toBe('+PONG\r\n');
    expect((await answer({})).text).toBe('');
    expect(known.session).toBeDefined();
    expect((await answer({ session: known.session })).text).toBe('');
    const stranger = await createIdentity('stranger');
    expect((await answer({ key: stranger.keyPem, cert: stranger.certificatePem })).text).toBe('');
  });
});
