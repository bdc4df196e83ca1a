/**
 * The listeners: plain TCP and TLS 1.3, limits on who may come in, and the turn's end, where the log is written before any reply leaves.
 * Everything runs in one thread: requests that arrive together are run one after the other, then one log write, then one socket write
 * for each client.
 */
import { constants } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import * as tls from 'node:tls';
import { Connection, type ConnectionHost } from './connection.ts';
import type { Engine } from './engine.ts';
import { MAX_CLIENTS } from './replies.ts';
import { encodeReply } from './resp.ts';

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

export interface BrokerServer {
  readonly port: number;
  readonly tlsPort: number | undefined;
  stop(): Promise<void>;
}

const TLS_HANDSHAKE_MS = 10_000;
const CRON_MS = 100;
const STOP_GRACE_MS = 1000;

/** What must be written before the replies of a turn may leave. */
export interface TurnLog {
  /** Issues the writes gathered so far; with `always` also waits for the disk. False: nothing may be acknowledged. */
  flush(): boolean;
}

export async function listen(engine: Engine, log: TurnLog, options: ListenOptions): Promise<BrokerServer> {
  const connections = new Set<Connection>();
  const flushSet = new Set<Connection>();
  let scheduled = false;

  const flush = (): void => {
    scheduled = false;
    const logged = log.flush();
    engine.unflushed = false;
    const written = [...flushSet];
    flushSet.clear();
    for (const connection of written) connection.flush(logged);
  };

  const host: ConnectionHost = {
    engine,
    scheduleFlush(connection) {
      flushSet.add(connection);
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },
    closed(connection) {
      connections.delete(connection);
      flushSet.delete(connection);
    },
  };

  const accept = (socket: Socket): void => {
    engine.stats.connections++;
    if (connections.size >= engine.config.number('maxclients')) {
      engine.stats.rejectedConnections++;
      socket.on('error', () => socket.destroy());
      socket.end(encodeReply(MAX_CLIENTS, 2), 'latin1');
      return;
    }
    socket.setKeepAlive(true, 300_000);
    connections.add(new Connection(host, socket));
  };

  const plain = createServer({ noDelay: true, allowHalfOpen: true }, accept);
  const port = await bind(plain, options.port, options.host);
  const secure = options.tls === undefined ? undefined : createTlsServer(options.tls, accept);
  const tlsPort =
    secure === undefined ? undefined : await bind(secure, options.tls?.port ?? 0, options.tls?.host ?? '');
  const cron = setInterval(() => everyTick(engine, connections, log), CRON_MS);

  return {
    port,
    tlsPort,
    async stop() {
      clearInterval(cron);
      const closed = [plain, secure].map((server) => server && new Promise((resolve) => server.close(resolve)));
      flush();
      for (const connection of connections) connection.finish();
      // A peer that does not read must not hold the end up.
      const cut = setTimeout(() => [...connections].map((connection) => connection.kill()), STOP_GRACE_MS);
      await Promise.all(closed);
      clearTimeout(cut);
    },
  };
}

/** Ten times a second: expiry, statistics, idle clients. */
function everyTick(engine: Engine, connections: ReadonlySet<Connection>, log: TurnLog): void {
  engine.expireCycle();
  engine.sampleStatistics(CRON_MS);
  log.flush();
  const idleLimitMs = engine.config.number('timeout') * 1000;
  if (idleLimitMs === 0) return;
  const nowMs = engine.clock.nowMs();
  for (const connection of connections) {
    const { session } = connection;
    if (session.blocked || session.subscriptions > 0) continue;
    if (nowMs - session.lastActiveMs > idleLimitMs) connection.kill();
  }
}

/**
 * TLS 1.3 only. No session tickets: a resumed session would count as authorised without the client proving its key again, so
 * every connection is a full handshake (OpenSSL sends none with SSL_OP_NO_TICKET and zero tickets; the server keeps no cache).
 */
function createTlsServer(options: TlsOptions, accept: (socket: Socket) => void): Server {
  const server = tls.createServer(
    {
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
      noDelay: true,
      allowHalfOpen: true,
    },
    accept,
  );
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

function bind(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}
