/**
 * The ports that the API listens on: loopback, ports of older systems, TLS for nodes, and TLS for browsers. Owns sockets and their limits;
 * what a request may do is the guard's affair.
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Identity } from '../../../common/identity.ts';
import { peerPin, serverTlsOptions } from '../../../common/pinned-tls.ts';
import { limitConnectionsByAddress } from '../nodes/connection-limits.ts';
import { type Door, isLoopbackDoor } from './handlers.ts';
import type { DoorCertificate } from './parts.ts';
import { problemMediaType, problemOfCode } from './problems.ts';

export interface OpenDoor {
  readonly kind: Door;
  readonly port: number;
  /** No new requests; those under way have `graceMs`, then their connections end. */
  close(graceMs: number): Promise<void>;
}

export interface DoorKeeper {
  open(kind: 'loopback' | 'legacy', host: string, port: number): Promise<OpenDoor>;
  openWeb(certificate: DoorCertificate, host: string, port: number): Promise<OpenDoor>;
  openTls(identity: Pick<Identity, 'keyPem' | 'certificatePem'>, host: string, port: number): Promise<OpenDoor>;
  doorOf(request: IncomingMessage): OpenDoor;
  /** Pin of the key that the client proved on this connection, or null. */
  pinOf(request: IncomingMessage): string | null;
  /** Remembers that this node, or this API token's holder, speaks on this connection. */
  noteHolder(holder: string, socket: Socket): void;
  /** Ends all of them. */
  dropHolder(holder: string): void;
}

/** Headers must be there within this time; silence on a connection ends it. Bodies have limits of their own (they may be 2 GB). */
const limits = {
  headersTimeout: 5_000,
  checkMs: 1_000,
  requestTimeout: 0,
  keepAliveTimeout: 30_000,
  silenceMs: 120_000,
} as const;
const maxTlsConnections = 8_192;
const maxWebConnections = 1_024;
const maxWebConnectionsOfAddress = 64;
/** Browsers and programs of others; they prove who they are by a token. */
const webTlsOptions = { minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const;

/** Answers what is not HTTP at all. */
function onClientError(error: Error, socket: Socket): void {
  if (!socket.writable || ('code' in error && error.code === 'ECONNRESET')) {
    socket.destroy();
    return;
  }
  const tooLong = 'code' in error && error.code === 'HPE_HEADER_OVERFLOW';
  const detail = tooLong ? 'The headers are too long.' : 'This is not a valid HTTP request.';
  const body = JSON.stringify(problemOfCode('request_invalid', detail));
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: ${problemMediaType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function closeServer(server: Server, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      for (const socket of sockets) socket.destroy();
    };
    const timer = setTimeout(end, graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** @param route answers a request; the HTTP library's router */
export function createDoorKeeper(route: (request: IncomingMessage, response: ServerResponse) => void): DoorKeeper {
  const doors = new WeakMap<IncomingMessage, OpenDoor>();
  const pins = new WeakMap<Socket, { readonly pin: string | null }>();
  const held = new Map<string, Set<Socket>>();

  const openServer = async (kind: Door, server: Server, host: string, port: number): Promise<OpenDoor> => {
    const sockets = new Set<Socket>();
    let door: OpenDoor | undefined;
    server.timeout = limits.silenceMs;
    // Before its handshake is through, a TLS connection takes no answer: it would wait for ever to send one.
    server.on('clientError', (error, socket: Socket) =>
      isLoopbackDoor(kind) || sockets.has(socket) ? onClientError(error, socket) : socket.destroy(),
    );
    server.on(isLoopbackDoor(kind) ? 'connection' : 'secureConnection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    server.on('request', (request, response) => {
      if (door) doors.set(request, door);
      route(request, response);
    });
    const actual = await listen(server, host, port);
    door = { kind, port: actual, close: (graceMs) => closeServer(server, sockets, graceMs) };
    return door;
  };
  const options: ServerOptions = {
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: limits.keepAliveTimeout,
    noDelay: true,
  };

  return {
    open: (kind, host, port) => openServer(kind, createServer(options), host, port),
    openTls(identity, host, port) {
      const server = createTlsServer({ ...options, ...serverTlsOptions(identity) });
      server.maxConnections = maxTlsConnections;
      limitConnectionsByAddress(server);
      return openServer('tls', server, host, port);
    },
    openWeb({ keyPem, certificatePem }, host, port) {
      const server = createTlsServer({ ...options, key: keyPem, cert: certificatePem, ...webTlsOptions });
      server.maxConnections = maxWebConnections;
      limitConnectionsByAddress(server, maxWebConnectionsOfAddress);
      return openServer('web', server, host, port);
    },
    doorOf(request) {
      const door = doors.get(request);
      if (!door) throw new Error('a request came through no door');
      return door;
    },
    pinOf({ socket }) {
      if (!(socket instanceof TLSSocket)) return null;
      let known = pins.get(socket);
      if (!known) {
        known = { pin: peerPin(socket) };
        pins.set(socket, known);
      }
      return known.pin;
    },
    noteHolder(holder, socket) {
      const sockets = held.get(holder) ?? new Set();
      held.set(holder, sockets);
      if (sockets.has(socket)) return;
      sockets.add(socket);
      socket.once('close', () => {
        sockets.delete(socket);
        if (sockets.size === 0 && held.get(holder) === sockets) held.delete(holder);
      });
    },
    dropHolder(holder) {
      for (const socket of held.get(holder) ?? []) socket.destroy();
    },
  };
}
