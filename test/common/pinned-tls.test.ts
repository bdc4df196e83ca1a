import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { request } from 'undici';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createIdentity, type Identity, selfSignedCertificate } from '../../common/identity.ts';
import { pinnedDispatcher } from '../../common/pinned-dispatcher.ts';
import { connectPinned, peerPin, serverTlsOptions, WrongPeerError } from '../../common/pinned-tls.ts';
import { startTlsRelay, type TlsRelay } from '../support/tls-relay.ts';

let hub: Identity;
let node: Identity;
let stranger: Identity;
const cleanups: (() => unknown)[] = [];
const atEnd = <T>(value: T, cleanup: (value: T) => unknown): T => {
  cleanups.push(() => cleanup(value));
  return value;
};
const host = '127.0.0.1';

beforeAll(async () => {
  [hub, node, stranger] = await Promise.all([
    createIdentity('hub'),
    createIdentity('node'),
    createIdentity('stranger'),
  ]);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const startRelay = async (identity: Identity): Promise<TlsRelay> =>
  atEnd(await startTlsRelay(identity, null), (relay) => relay.stop());

describe('a pinned connection', () => {
  it('is TLS 1.3 and tells each side the other’s pin', async () => {
    const relay = await startRelay(hub);
    const socket = atEnd(await connectPinned({ host, port: relay.port, pin: hub.pin, identity: node }), (s) =>
      s.destroy(),
    );
    expect(socket.getProtocol()).toBe('TLSv1.3');
    await expect.poll(() => relay.pins).toEqual([node.pin]);
  });

  it('never writes a byte to another key', async () => {
    const relay = await startRelay(stranger);
    const attempt = connectPinned({ host, port: relay.port, pin: hub.pin, identity: node });
    await expect(attempt).rejects.toThrow(WrongPeerError);
    await expect(attempt).rejects.toMatchObject({ actualPin: stranger.pin });
    await relay.stop();
    cleanups.length = 0;
    expect(relay.bytes).toBe(0);
  });

  it('takes certificates that ran out or are not valid yet, on both sides, when the key is right', async () => {
    for (const [from, to] of [
      ['2001-01-01', '2002-01-01'],
      ['2090-01-01', '2091-01-01'],
    ] as const) {
      const dates = { notBefore: new Date(from), notAfter: new Date(to) };
      const oldHub = { ...hub, certificatePem: await selfSignedCertificate(hub.keyPem, 'hub', dates) };
      const oldNode = { ...node, certificatePem: await selfSignedCertificate(node.keyPem, 'node', dates) };
      const relay = await startRelay(oldHub);
      atEnd(await connectPinned({ host, port: relay.port, pin: hub.pin, identity: oldNode }), (socket) =>
        socket.destroy(),
      );
      await expect.poll(() => relay.pins).toEqual([node.pin]);
    }
  });

  it('cannot be resumed: neither by its session nor by claiming to', async () => {
    const relay = await startRelay(hub);
    const sessions: Buffer[] = [];
    const first = connect({
      host,
      port: relay.port,
      key: node.keyPem,
      cert: node.certificatePem,
      rejectUnauthorized: false,
    });
    first.on('session', (session) => sessions.push(session));
    await once(first, 'secureConnect');
    first.write('x');
    await expect.poll(() => relay.bytes).toBe(1);
    const known = first.getSession();
    if (known) sessions.push(known);
    first.destroy();
    expect(sessions.length).toBeGreaterThan(0);
    for (const session of sessions) {
      // Without the key: had the session been resumed, the server would take this for the node.
      const second = connect({ host, port: relay.port, session, rejectUnauthorized: false });
      await once(second, 'secureConnect');
      expect(second.isSessionReused()).toBe(false);
      const seen = relay.bytes;
      second.write('x');
      await expect.poll(() => relay.bytes).toBe(seen + 1);
      second.destroy();
    }
    expect(relay.pins).toEqual([node.pin, ...sessions.map(() => null)]);
  });

  it('shows no pin when a server without our options lets a session resume', async () => {
    const { secureOptions: _, ...withTickets } = serverTlsOptions(hub);
    const seen: { reused: boolean; pin: string | null }[] = [];
    const server = createServer(withTickets, (socket) => {
      seen.push({ reused: socket.isSessionReused(), pin: peerPin(socket) });
      socket.on('error', () => {}).resume();
    });
    atEnd(await listen(server), () => server.close());
    const port = portOf(server);
    const first = connect({ host, port, key: node.keyPem, cert: node.certificatePem, rejectUnauthorized: false });
    const [session] = await once(first, 'session');
    first.destroy();
    const second = connect({ host, port, session, rejectUnauthorized: false });
    await once(second, 'secureConnect');
    second.write('x');
    await expect
      .poll(() => seen)
      .toEqual([
        { reused: false, pin: node.pin },
        { reused: true, pin: null },
      ]);
    second.destroy();
  });

  it('is refused below TLS 1.3, by client and by server', async () => {
    const relay = await startRelay(hub);
    const old = connect({ host, port: relay.port, maxVersion: 'TLSv1.2', rejectUnauthorized: false });
    await expect(once(old, 'secureConnect')).rejects.toThrow(/protocol version/i);
    const server = createServer({ key: hub.keyPem, cert: hub.certificatePem, maxVersion: 'TLSv1.2' });
    server.on('tlsClientError', () => {});
    atEnd(await listen(server), () => server.close());
    const attempt = connectPinned({ host, port: portOf(server), pin: hub.pin, identity: node });
    await expect(attempt).rejects.toMatchObject({ code: expect.stringMatching(/SSL|EPROTO/) });
  });

  it('gives up in time on silence, and at once when there is nobody', async () => {
    const open: Socket[] = [];
    const silent = createTcpServer((socket) => open.push(socket.on('error', () => {})));
    atEnd(await listen(silent), () => {
      for (const socket of open) socket.destroy();
      silent.close();
    });
    const port = portOf(silent);
    await expect(connectPinned({ host, port, pin: hub.pin, identity: node, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    });
    const closing = createTcpServer((socket) => socket.destroy());
    atEnd(await listen(closing), () => closing.close());
    await expect(connectPinned({ host, port: portOf(closing), pin: hub.pin, identity: node })).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    closing.close();
    await once(closing, 'close');
    cleanups.pop();
  });
});

describe('HTTP over pinned connections', () => {
  const startHttps = async (identity: Identity) => {
    const connections: TLSSocket[] = [];
    const server = createHttpsServer(serverTlsOptions(identity), (incoming, answer) => {
      incoming.resume();
      answer.end(JSON.stringify({ path: incoming.url }));
    });
    server.on('secureConnection', (socket: TLSSocket) => connections.push(socket));
    atEnd(await listen(server), () => {
      server.closeAllConnections();
      server.close();
    });
    return { port: portOf(server), connections };
  };

  it('keeps connections for further requests, and shows the node’s key', async () => {
    const server = await startHttps(hub);
    const dispatcher = atEnd(pinnedDispatcher({ pin: hub.pin, identity: node }), (d) => d.close());
    for (const path of ['/a', '/b', '/c', '/d', '/e', '/f']) {
      const answer = await request(`https://${host}:${server.port}${path}`, { dispatcher, method: 'POST', body: 'x' });
      expect(await answer.body.json()).toEqual({ path });
    }
    // A second one is opened when the first still puts its last answer away.
    expect(server.connections.length).toBeLessThanOrEqual(2);
    expect(new Set(server.connections.map((socket) => peerPin(socket)))).toEqual(new Set([node.pin]));
  });

  it('sends nothing to another key, and nothing in the clear', async () => {
    const relay = await startRelay(stranger);
    const dispatcher = atEnd(pinnedDispatcher({ pin: hub.pin, identity: node }), (d) => d.close());
    await expect(request(`https://${host}:${relay.port}/`, { dispatcher })).rejects.toThrow(WrongPeerError);
    await expect(request(`http://${host}:${relay.port}/`, { dispatcher })).rejects.toThrow(/Only https/);
    expect(relay.bytes).toBe(0);
  });
});

async function listen(server: ReturnType<typeof createTcpServer>) {
  await once(server.listen(0, host), 'listening');
  return server;
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}
