/**
 * The listeners: plain TCP and TLS 1.3, limits on who may come in, and the turn's end, where the log is written before any reply leaves.
 * Everything runs in one thread: requests that arrive together are run one after the other, then one log write, then one socket write
 * for each client.
 */
import { readSync } from 'node:fs';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type ClientSocket, Connection, type ConnectionHost } from './connection.ts';
import { Door, type Place } from './door.ts';
import type { Engine } from './engine.ts';
import { bind, createPlainServer, createTlsServer, type ListenOptions } from './listeners.ts';
import { DENIED, MAX_CLIENTS } from './replies.ts';
import { encodeReply } from './resp.ts';

export interface BrokerServer {
  readonly port: number;
  readonly tlsPort: number | undefined;
  stop(): Promise<void>;
}

const CRON_MS = 100;
/** What is read from a socket at once beside a running script. */
const PIECE_BYTES = 65_536;
const STOP_GRACE_MS = 1000;

/** What must be written before the replies of a turn may leave. */
export interface TurnLog {
  /** Issues the writes gathered so far; with `always` also waits for the disk. False: nothing may be acknowledged. */
  flush(): boolean;
}

export async function listen(engine: Engine, log: TurnLog, options: ListenOptions): Promise<BrokerServer> {
  const connections = new Set<Connection>();
  const flushSet = new Set<Connection>();
  const plainSockets = new Map<Connection, Socket>();
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
      plainSockets.delete(connection);
      flushSet.delete(connection);
    },
  };

  const admit = (socket: ClientSocket, isCertified: boolean): Connection | undefined => {
    engine.stats.connections++;
    const refusal =
      connections.size >= engine.config.number('maxclients')
        ? MAX_CLIENTS
        : isCertified || mayComeIn(engine, socket)
          ? undefined
          : DENIED;
    if (refusal !== undefined) {
      engine.stats.rejectedConnections++;
      socket.write(encodeReply(refusal, 2), 'latin1');
      socket.destroySoon();
      return undefined;
    }
    const connection = new Connection(host, socket);
    connections.add(connection);
    return connection;
  };
  const accept = (socket: Socket): void => {
    socket.on('error', () => socket.destroy());
    const connection = admit(socket, socket instanceof TLSSocket && options.tls?.ca !== undefined);
    if (connection === undefined) return;
    const keepAliveS = engine.config.number('tcp-keepalive');
    if (keepAliveS > 0) socket.setKeepAlive(true, keepAliveS * 1000);
    socket.on('data', (chunk: Buffer) => connection.receive(chunk));
    socket.on('end', () => connection.closeAfterReplies());
    socket.on('close', () => connection.forget());
    if (!(socket instanceof TLSSocket)) plainSockets.set(connection, socket);
  };

  const { places, listening } = await open(options, accept);
  const { port } = listening;
  const tlsPort = listening.tls?.port;
  const door = new Door({ logger: engine.logger, accept: admit }, listening, places);
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  engine.busySoon = () => door.prepare();
  engine.serveWhileBusy = () => {
    door.serve();
    for (const [connection, socket] of plainSockets) readBeside(connection, socket, piece);
    flush();
  };
  engine.busyEnded = () => door.close();
  const cron = setInterval(() => everyTick(engine, connections, log), CRON_MS);

  return {
    port,
    tlsPort,
    async stop() {
      clearInterval(cron);
      const closed = [...places.map(({ server }) => new Promise((resolve) => server.close(resolve))), door.stop()];
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
  for (const connection of connections) if (connection.outputBytes > 0) connection.checkOutput();
  const idleLimitMs = engine.config.number('timeout') * 1000;
  if (idleLimitMs === 0) return;
  const nowMs = engine.clock.nowMs();
  for (const connection of connections) {
    const { session } = connection;
    if (session.blocked || session.subscriptions > 0) continue;
    if (nowMs - session.lastActiveMs > idleLimitMs) connection.kill();
  }
}

async function open(
  options: ListenOptions,
  accept: (socket: Socket) => void,
): Promise<{ places: Place[]; listening: ListenOptions }> {
  const plain = createPlainServer(accept);
  const port = await bind(plain, options.port, options.host);
  const places: Place[] = [{ server: plain, port, host: options.host }];
  const { tls } = options;
  if (tls === undefined) return { places, listening: { ...options, port } };
  const server = createTlsServer(tls, accept);
  const tlsPort = await bind(server, tls.port, tls.host);
  places.push({ server, port: tlsPort, host: tls.host });
  return { places, listening: { ...options, port, tls: { ...tls, port: tlsPort } } };
}

/** Protected mode: whoever comes from beyond this machine needs a password or a certificate, even if there was one at the start. */
function mayComeIn(engine: Engine, socket: ClientSocket): boolean {
  const { enabled, noPassword } = engine.acl.defaultUser;
  if (!enabled || !noPassword || engine.config.text('protected-mode') === 'no') return true;
  return /^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '');
}

/**
 * Reads a plain socket without the event loop, which a script holds up: its descriptor does not block, and what is read here libuv
 * will not see again. The end and errors of a socket are left to libuv, and so are encrypted sockets and systems without descriptors
 * for sockets (Windows): they wait until the script has ended.
 */
function readBeside(connection: Connection, socket: Socket, piece: Buffer): void {
  const fd = connection.running ? undefined : descriptorOf(socket);
  if (fd === undefined) return;
  try {
    const size = readSync(fd, piece);
    if (size > 0) connection.receive(Buffer.from(piece.subarray(0, size)));
  } catch {
    // Nothing there (EAGAIN), or what libuv will find as well.
  }
}

function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined;
  return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined;
}
