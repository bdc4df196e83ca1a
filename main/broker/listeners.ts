/** Sockets that listen: plain TCP and TLS 1.3. Used by the server and, while a script holds its thread, by the door thread. */
import { constants } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import * as tls from 'node:tls';

export interface TlsOptions {
  /** PEM. */
  readonly key: string;
  /** PEM, chain included. */
  readonly cert: string;
  /** PEM of the authorities whose client certificates are let in; without it clients show none. */
  readonly ca?: string | undefined;
  /** 0 picks a free port. */
  readonly port: number;
  readonly host: string;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly tls?: TlsOptions | undefined;
}

const TLS_HANDSHAKE_MS = 10_000;

/** Half-open clients get their answers before their side is closed. */
const SOCKET_OPTIONS = { noDelay: true, allowHalfOpen: true };

export function createPlainServer(accept: (socket: Socket) => void): Server {
  return createServer(SOCKET_OPTIONS, accept);
}

/**
 * TLS 1.3 only. No session tickets: a resumed session would count as authorised without the client proving its key again, so
 * every connection is a full handshake (OpenSSL sends none with SSL_OP_NO_TICKET and zero tickets; the server keeps no cache).
 */
export function createTlsServer(options: TlsOptions, accept: (socket: Socket) => void): Server {
  const server = tls.createServer(
    {
      ...SOCKET_OPTIONS,
      key: options.key,
      cert: options.cert,
      ca: options.ca,
      requestCert: options.ca !== undefined,
      rejectUnauthorized: options.ca !== undefined,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      secureOptions: constants.SSL_OP_NO_TICKET,
      sessionTimeout: 1,
      handshakeTimeout: TLS_HANDSHAKE_MS,
    },
    accept,
  );
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

/** Listens; resolves with the port. Errors of a listening socket later on (no file descriptors left) are survived. */
export function bind(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.removeAllListeners('error');
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}
