/**
 * One client's socket: bytes in, requests to the engine in order, replies out. Replies of a turn are joined and leave in one write
 * after the log's write was issued (the server's flush), so order on a connection is the order of its requests.
 */
import type { Engine } from './engine.ts';
import { ErrorReply, PushReply, type Reply } from './replies.ts';
import { encodeReply, type ParserLimits, ProtocolError, RequestParser } from './resp.ts';
import type { ClientPort, Session } from './session.ts';

/** What a connection does with its socket; what comes from there is told to it by receive(), closeAfterReplies() and forget(). */
export interface ClientSocket {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  /** Bytes that the network has not taken yet. */
  readonly writableLength: number;
  write(text: string, encoding: 'latin1'): unknown;
  /** Closes at once. */
  destroy(): unknown;
  /** Closes both sides after what was written. */
  destroySoon(): void;
}

/** What a connection needs from the server that owns it. */
export interface ConnectionHost {
  readonly engine: Engine;
  /** Asks for flush() at the end of this turn. */
  scheduleFlush(connection: Connection): void;
  /** The connection is gone. */
  closed(connection: Connection): void;
}

/** Before authentication a client may not make the server hold much. */
const UNAUTHENTICATED_MAX_ARGS = 10;
const UNAUTHENTICATED_MAX_BULK_BYTES = 16_384;
const MAX_ARGS = 1_048_576;
/** Requests of one connection run in a row before others get their turn, and replies are written. */
const MAX_REQUESTS_A_TURN = 10_000;
const MAX_REPLY_BYTES_A_TURN = 1_048_576;
/** What an unknown client may send before it has to say who it is. */
const UNAUTHENTICATED_MAX_QUERY_BYTES = 1_048_576;

function isMessage(reply: Reply): boolean {
  return reply instanceof PushReply;
}

export class Connection implements ClientPort {
  readonly session: Session;
  readonly remoteAddress: string;
  readonly localAddress: string;
  private readonly host: ConnectionHost;
  private readonly socket: ClientSocket;
  private readonly limits: ParserLimits;
  private readonly parser: RequestParser;
  /** A request that CLIENT PAUSE holds back. */
  private held: string[] | undefined;
  private out = '';
  /** What gathered in `out` tells of changes that the log has not taken yet. */
  private dependsOnLog = false;
  /** Since when more has piled up than the soft limit allows; undefined while it has not. */
  private overSoftSinceMs: number | undefined;
  private draining = false;
  private closing = false;
  private ended = false;

  constructor(host: ConnectionHost, socket: ClientSocket) {
    this.host = host;
    this.socket = socket;
    this.session = host.engine.newSession('client');
    this.session.port = this;
    this.remoteAddress = address(socket.remoteAddress, socket.remotePort);
    this.localAddress = address(socket.localAddress, socket.localPort);
    this.limits = { maxArgs: MAX_ARGS, maxBulkBytes: host.engine.config.number('proto-max-bulk-len') };
    if (!this.session.authenticated) {
      this.limits.maxArgs = UNAUTHENTICATED_MAX_ARGS;
      this.limits.maxBulkBytes = UNAUTHENTICATED_MAX_BULK_BYTES;
    }
    this.parser = new RequestParser(this.limits);
  }

  get queryBytes(): number {
    return this.parser.heldBytes;
  }

  get outputBytes(): number {
    return this.out.length + this.socket.writableLength;
  }

  send(reply: Reply): void {
    if (this.ended) return;
    const { session } = this;
    if (session.replyMode !== 'on' && !isMessage(reply)) return;
    this.out += encodeReply(reply, session.resp);
    if (this.host.engine.unflushed) this.dependsOnLog = true;
    if (this.out.length > MAX_REPLY_BYTES_A_TURN) this.checkOutput();
    this.host.scheduleFlush(this);
  }

  closeAfterReplies(): void {
    this.closing = true;
    this.host.scheduleFlush(this);
  }

  kill(): void {
    this.ended = true;
    this.socket.destroy();
  }

  /** Lets what was written leave, then closes. */
  finish(): void {
    this.ended = true;
    this.socket.destroySoon();
  }

  resume(): void {
    // Another client's command may wake this one: its own requests go on in a turn of their own.
    setImmediate(() => this.drain());
  }

  /** Writes what has gathered. Called once a turn, after the log; when the log failed, nothing that depends on it is acknowledged. */
  flush(logged: boolean): void {
    if (!logged && this.dependsOnLog) {
      this.kill();
      return;
    }
    this.dependsOnLog = false;
    if (this.out !== '' && !this.ended) {
      const { out } = this;
      this.out = '';
      this.socket.write(out, 'latin1');
    }
    // Both sides: a peer that keeps its own open must not keep its place here.
    if (this.closing && !this.ended) this.finish();
  }

  /** A request of this connection is being run right now, a script for example. */
  get running(): boolean {
    return this.draining;
  }

  /** Bytes that came in; the connection keeps the buffer. */
  receive(chunk: Buffer): void {
    if (this.ended || this.closing) return;
    this.parser.push(chunk);
    if (this.parser.heldBytes + this.session.queuedBytes > UNAUTHENTICATED_MAX_QUERY_BYTES && this.asksTooMuch()) {
      this.kill();
      return;
    }
    this.drain();
  }

  /** Runs the requests that are whole, unless the client is blocked or held. */
  private drain(): void {
    if (this.draining) return;
    this.draining = true;
    try {
      let left = MAX_REQUESTS_A_TURN;
      while (!this.session.blocked && !this.closing && !this.ended) {
        if (left-- === 0 || this.out.length > MAX_REPLY_BYTES_A_TURN) {
          this.resume();
          break;
        }
        const argv = this.held ?? this.parser.next();
        this.held = undefined;
        if (argv === undefined) break;
        if (this.host.engine.pause.holds(argv)) {
          this.held = argv;
          break;
        }
        this.handle(argv);
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.draining = false;
    }
  }

  private handle(argv: readonly string[]): void {
    const { session } = this;
    const { engine } = session;
    const wasAuthenticated = session.authenticated;
    const reply = engine.run(session, argv);
    if (session.replyMode === 'skip') session.replyMode = 'on';
    else if (session.replyMode === 'skip-next') session.replyMode = 'skip';
    else this.send(reply);
    if (session.authenticated !== wasAuthenticated) this.adjustLimits();
    engine.settle();
  }

  private adjustLimits(): void {
    const { authenticated, engine } = this.session;
    this.limits.maxArgs = authenticated ? MAX_ARGS : UNAUTHENTICATED_MAX_ARGS;
    this.limits.maxBulkBytes = authenticated
      ? engine.config.number('proto-max-bulk-len')
      : UNAUTHENTICATED_MAX_BULK_BYTES;
  }

  /** Nonsense, or a mistake of ours: this client is told and let go, nobody else feels it. */
  private fail(error: unknown): void {
    const { engine } = this.host;
    if (!(error instanceof ProtocolError)) {
      engine.logger.error({ err: error, command: this.session.lastCommand }, 'a request failed');
      engine.endUnit();
    }
    this.send(new ErrorReply(error instanceof ProtocolError ? error.text : 'ERR internal error'));
    this.closeAfterReplies();
  }

  /** What was sent and not run yet, commands queued by MULTI included, is more than may lie here. */
  private asksTooMuch(): boolean {
    const heldBytes = this.parser.heldBytes + this.session.queuedBytes;
    return !this.session.authenticated || heldBytes > this.host.engine.config.number('client-query-buffer-limit');
  }

  /** A reader that lets too much pile up is cut off (`client-output-buffer-limit`). Called when much was added, and by a timer. */
  checkOutput(): void {
    const { engine } = this.host;
    const { hardBytes, softBytes, softMs } = engine.outputLimits[this.session.subscriptions > 0 ? 'pubsub' : 'normal'];
    const { outputBytes } = this;
    if (outputBytes <= softBytes) this.overSoftSinceMs = undefined;
    else this.overSoftSinceMs ??= engine.clock.monotonicMs();
    const isOverSoft = this.overSoftSinceMs !== undefined && engine.clock.monotonicMs() - this.overSoftSinceMs > softMs;
    if (outputBytes <= hardBytes && !isOverSoft) return;
    engine.logger.warn({ client: this.remoteAddress, outputBytes }, 'a client that does not read was cut off');
    this.out = '';
    this.kill();
  }

  /** The socket is closed. */
  forget(): void {
    this.ended = true;
    this.host.engine.forget(this.session);
    this.host.closed(this);
  }
}

function address(host: string | undefined, port: number | undefined): string {
  const plain = (host ?? '').replace(/^::ffff:/, '');
  return plain.includes(':') ? `[${plain}]:${port ?? 0}` : `${plain}:${port ?? 0}`;
}
