/**
 * Who is calling: a client connection, a script, or the log being replayed. Holds what a command may look at or change about its
 * caller (database, protocol, user, transaction, subscriptions). It has no socket: a connection plugs itself in as `port`.
 */
import type { User } from './acl.ts';
import type { Command } from './command.ts';
import type { Engine } from './engine.ts';
import type { Database } from './keyspace.ts';
import type { Reply } from './replies.ts';

/** What a session asks of its connection. */
export interface ClientPort {
  /** Queues a reply or push; it leaves when this turn's log write was issued. */
  send(reply: Reply): void;
  /** Closes after what was queued has left. */
  closeAfterReplies(): void;
  /** Closes at once. */
  kill(): void;
  /** Continues with the requests that arrived while the client was blocked. */
  resume(): void;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly queryBytes: number;
  readonly outputBytes: number;
}

export interface QueuedCommand {
  readonly command: Command;
  readonly argv: readonly string[];
}

export class Session {
  readonly id: number;
  readonly engine: Engine;
  readonly kind: 'client' | 'script' | 'replay';
  readonly createdAtMs: number;
  db: Database;
  resp: 2 | 3 = 2;
  user: User;
  authenticated: boolean;
  name = '';
  libraryName = '';
  libraryVersion = '';
  port: ClientPort | undefined;
  /** Commands queued since MULTI; undefined outside a transaction. */
  queue: QueuedCommand[] | undefined;
  /** Bytes of the arguments in the queue. */
  queuedBytes = 0;
  /** A command could not be queued: EXEC will refuse. */
  queueFailed = false;
  /** True while EXEC or a script runs on behalf of this session: nothing may block then. */
  mayNotBlock = false;
  watched: { db: Database; key: string; wasThere: boolean }[] = [];
  /** A watched key was touched: EXEC answers null. */
  watchBroken = false;
  readonly channels = new Set<string>();
  readonly patterns = new Set<string>();
  readonly shardChannels = new Set<string>();
  blocked = false;
  lastCommand = '';
  lastActiveMs: number;
  noEvict = false;
  noTouch = false;
  replyMode: 'on' | 'off' | 'skip' | 'skip-next' = 'on';

  constructor(id: number, engine: Engine, kind: Session['kind'], user: User, authenticated: boolean, nowMs: number) {
    this.id = id;
    this.engine = engine;
    this.kind = kind;
    this.user = user;
    this.authenticated = authenticated;
    this.db = engine.keyspace.db(0);
    this.createdAtMs = nowMs;
    this.lastActiveMs = nowMs;
  }

  get subscriptions(): number {
    return this.channels.size + this.patterns.size + this.shardChannels.size;
  }
}
