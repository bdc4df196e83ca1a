/**
 * The engine: keyspace, users, blocked clients, channels, scripts and the log put together, and the ONE way in which a command runs,
 * whether it comes from a client, a transaction, a script or the log. No sockets here.
 *
 * A unit is what must come back whole after a crash: one client command, one transaction, one script, one served waiter. Effects are
 * deterministic write commands (the command itself unless the handler replaced it by propagate()), collected during the unit and
 * handed to the log as one record at its end, before the reply can leave.
 */
import { getHeapStatistics } from 'node:v8';
import { Acl } from './acl.ts';
import { Blocking } from './blocking.ts';
import { ClientPause } from './client-pause.ts';
import { arityError, type Command, CommandTable, resolveSubcommand } from './command.ts';
import { randomHex } from './commands/random.ts';
import type { Config } from './config.ts';
import { type EffectLog, NO_LOG } from './effect-log.ts';
import { createCollector, createIdleMemory } from './idle-memory.ts';
import { type Database, type Entry, Keyspace } from './keyspace.ts';
import { createLuaHost, type LuaHost } from './lua-host.ts';
import { DEFAULT_OUTPUT_LIMITS, parseOutputLimits } from './output-limits.ts';
import { PubSub } from './pubsub.ts';
import * as replies from './replies.ts';
import { ErrorReply, type Reply } from './replies.ts';
import { encodeRequest } from './resp.ts';
import { denialOf } from './rights.ts';
import { ScriptWatch } from './script-watch.ts';
import { Session } from './session.ts';
import { SlowLog } from './slow-log.ts';
import { endTransaction, queuesWrites, Transactions } from './transactions.ts';

export interface Clock {
  /** Milliseconds since the epoch, never running backwards while the process lives. */
  nowMs(): number;
  /** Wall-clock microseconds, for TIME. */
  wallUs(): number;
  /** Milliseconds on a monotonic clock, with fractions. */
  monotonicMs(): number;
}

export interface Logger {
  debug(obj: object, msg: string): void;
  info(obj: object, msg: string): void;
  warn(obj: object, msg: string): void;
  error(obj: object, msg: string): void;
}

export interface EngineOptions {
  readonly clock: Clock;
  readonly config: Config;
  readonly commands: readonly Command[];
  readonly logger: Logger;
}

export class Engine {
  readonly clock: Clock;
  readonly config: Config;
  readonly logger: Logger;
  readonly table: CommandTable;
  readonly keyspace: Keyspace;
  readonly acl: Acl;
  readonly blocking: Blocking;
  readonly pubsub = new PubSub();
  readonly transactions = new Transactions();
  readonly slowLog = new SlowLog();
  readonly lua: LuaHost;
  readonly sessions = new Map<number, Session>();
  readonly startedAtMs: number;
  log: EffectLog = NO_LOG;
  /** Bytes of heap in use, sampled. */
  usedMemoryBytes = 0;
  /** Holds back clients' commands (CLIENT PAUSE). */
  readonly pause: ClientPause;
  readonly runId = randomHex(40);
  peakMemoryBytes = 0;
  opsPerSecond = 0;
  /** Set by the server: stops everything. */
  requestShutdown: () => void = () => undefined;
  /** Set by the server: a script may soon hold this thread for too long; serves other clients while it does; the end of that. */
  busySoon: () => void = () => undefined;
  serveWhileBusy: () => void = () => undefined;
  busyEnded: () => void = () => undefined;
  /** The running script and its time. */
  readonly scripts: ScriptWatch;
  readonly stats = { commands: 0, connections: 0, rejectedConnections: 0, errors: new Map<string, number>() };
  /** Records were handed to the log since its last flush: replies sent now depend on that flush. */
  unflushed = false;
  /** The broker ends and what runs now must leave no trace in the log. */
  private abandoned = false;
  private readonly idleMemory = createIdleMemory(createCollector());
  private sampledCommands = 0;
  private unitTime = { unit: -1, wallUs: 0 };
  private nextSessionId = 1;
  private record = '';
  private recordDb = 0;
  private replaced: (readonly string[])[] | undefined;

  constructor(options: EngineOptions) {
    this.clock = options.clock;
    this.config = options.config;
    this.logger = options.logger;
    this.table = new CommandTable(options.commands);
    this.startedAtMs = this.clock.nowMs();
    this.keyspace = new Keyspace({
      changed: (db, key) => this.noteChange(db, key),
      groupsChanged: (db, key) => this.blocking.signal(db, key),
      expired: (db, key) => {
        this.noteEffect(db.index, ['DEL', key]);
        this.transactions.touch(db, key);
        this.blocking.signal(db, key);
      },
      beforeWrite: (db, key, entry) => this.beforeWrite(db, key, entry),
    });
    this.keyspace.nowMs = this.clock.nowMs();
    this.acl = new Acl(this.table);
    this.blocking = new Blocking({
      runAttempt: (session, attempt) => this.runAttempt(session, attempt),
      monotonicMs: () => this.clock.monotonicMs(),
    });
    this.pause = new ClientPause(this.table, {
      monotonicMs: () => this.clock.monotonicMs(),
      resume: () => {
        for (const session of this.sessions.values()) session.port?.resume();
      },
    });
    this.scripts = new ScriptWatch({
      monotonicMs: () => this.clock.monotonicMs(),
      busySoon: () => this.busySoon(),
      serveWhileBusy: () => this.serveBesideScript(),
      busyEnded: () => this.busyEnded(),
    });
    this.lua = createLuaHost(this);
  }

  /** Set by the running snapshot. */
  beforeWrite: (db: Database, key: string, entry: Entry) => void = () => undefined;

  newSession(kind: Session['kind']): Session {
    const user = this.acl.defaultUser;
    const session = new Session(
      this.nextSessionId++,
      this,
      kind,
      user,
      user.noPassword && user.enabled,
      this.clock.nowMs(),
    );
    if (kind === 'client') this.sessions.set(session.id, session);
    return session;
  }

  forget(session: Session): void {
    this.sessions.delete(session.id);
    this.blocking.forget(session);
    this.pubsub.forget(session);
    this.transactions.unwatch(session);
  }

  /** Runs one request of a client from the first check to the closed log record. Waiters are served separately, by settle(). */
  run(session: Session, argv: readonly string[]): Reply {
    this.keyspace.nowMs = this.clock.nowMs();
    session.lastActiveMs = this.keyspace.nowMs;
    this.stats.commands++;
    const container = this.table.get(argv[0] ?? '');
    if (container === undefined) return this.refuse(session, undefined, replies.unknownCommand(argv));
    const command = container.subcommands.size === 0 ? container : resolveSubcommand(container, argv);
    if (command instanceof ErrorReply) return this.refuse(session, container, command);
    session.lastCommand = command.name;
    const refusal = this.refusal(session, command, argv);
    if (refusal !== undefined) return this.refuse(session, command, refusal);
    if (this.scripts.busy && !command.flags.has('allow_busy')) {
      return this.refuse(session, command, replies.BUSY_SCRIPT);
    }
    if (session.queue !== undefined && command.flags.has('no_multi')) {
      return this.refuse(session, command, replies.err('Command not allowed inside a transaction'));
    }
    if (session.queue !== undefined && !command.flags.has('no_multi_queue')) {
      session.queue.push({ command, argv });
      for (const arg of argv) session.queuedBytes += arg.length;
      return replies.QUEUED;
    }
    const slowUs = this.slowLog.thresholdUs;
    const startedMs = slowUs >= 0 ? this.clock.monotonicMs() : 0;
    const reply = this.execute(session, command, argv);
    if (slowUs >= 0) {
      const tookUs = (this.clock.monotonicMs() - startedMs) * 1000;
      if (tookUs >= slowUs) this.slowLog.add(this.keyspace.nowMs, Math.round(tookUs), argv, session);
    }
    this.endUnit();
    return reply;
  }

  /** Hands the effects of what ran to the log, also when it failed half way. Beside a script the open record is the script's. */
  endUnit(): void {
    if (this.record !== '' && !this.scripts.busy) this.closeRecord();
  }

  /** The one wrapper: direct calls, MULTI, scripts and replay all pass here. Errors come back as replies. */
  execute(session: Session, command: Command, argv: readonly string[]): Reply {
    const { keyspace } = this;
    const dirtyBefore = keyspace.dirty;
    const dbIndex = session.db.index;
    const outer = this.replaced;
    this.replaced = undefined;
    command.stats.calls++;
    let reply: Reply;
    try {
      reply = command.run(session, argv);
    } catch (error) {
      if (error instanceof ErrorReply) {
        reply = error;
      } else {
        reply = this.internalError(error, command.name);
      }
    }
    if (reply instanceof ErrorReply) {
      command.stats.failed++;
      this.countError(reply);
    }
    if (command.writes && keyspace.dirty !== dirtyBefore) this.noteEffects(dbIndex, argv);
    this.replaced = outer;
    return reply;
  }

  /**
   * The command that the log keeps in place of the one that runs: called by handlers whose command is not deterministic (relative
   * times, random members, generated ids) or not worth repeating whole. Several calls add up; none() keeps nothing.
   */
  propagate(...argv: string[]): void {
    if (this.replaced === undefined) this.replaced = [];
    if (argv.length > 0) this.replaced.push(argv);
  }

  /** After a client's command, its reply being queued: serves those who waited for what it changed. */
  settle(): void {
    if (this.blocking.hasReady && !this.scripts.busy) this.blocking.serve();
  }

  /** SHUTDOWN. Beside a running script (NOSAVE) that ends without a trace: what it did is neither logged nor seen again. */
  shutDown(): void {
    if (this.scripts.busy) {
      this.abandoned = true;
      this.scripts.abandon();
    }
    this.requestShutdown();
  }

  /** Other clients' requests while a script runs: its clock stands still for it meanwhile. */
  private serveBesideScript(): void {
    const { nowMs } = this.keyspace;
    this.serveWhileBusy();
    this.keyspace.nowMs = nowMs;
  }

  /** Expires due keys for at most about a millisecond; called by a timer. */
  expireCycle(): void {
    this.keyspace.nowMs = this.clock.nowMs();
    const stopMs = this.clock.monotonicMs() + 1;
    for (const db of this.keyspace.databases) {
      if (db.expiring === 0) continue;
      while (db.expireDue(64) === 64 && this.clock.monotonicMs() < stopMs);
    }
    if (this.record !== '') this.closeRecord();
    this.settle();
  }

  /** Wall-clock microseconds as TIME tells them: read once in a unit, at its first question. */
  unitWallUs(): number {
    if (this.unitTime.unit !== this.stats.commands) {
      this.unitTime = { unit: this.stats.commands, wallUs: this.clock.wallUs() };
    }
    return this.unitTime.wallUs;
  }

  /** Called by the server's timer. */
  sampleStatistics(sinceMs: number): void {
    this.opsPerSecond = Math.round(((this.stats.commands - this.sampledCommands) * 1000) / sinceMs);
    this.sampledCommands = this.stats.commands;
    const { used_heap_size: usedBytes, total_heap_size: takenBytes } = getHeapStatistics();
    this.usedMemoryBytes = usedBytes;
    this.peakMemoryBytes = Math.max(this.peakMemoryBytes, this.usedMemoryBytes);
    this.idleMemory(this.stats.commands, usedBytes, takenBytes);
  }

  /** Ends the sessions of a user that was deleted or changed beyond recognition. */
  killUser(name: string, except?: Session): number {
    let killed = 0;
    for (const session of this.sessions.values()) {
      if (session.user.name !== name || session === except) continue;
      session.port?.kill();
      killed++;
    }
    return killed;
  }

  /** Why a request may not run at all: its shape, its caller's rights, the state of the server. */
  refusal(session: Session, command: Command, argv: readonly string[]): ErrorReply | undefined {
    const arity = arityError(command, argv.length);
    if (arity !== undefined) return arity;
    if (!session.authenticated && !command.noAuth) return replies.NO_AUTH;
    if (!session.user.unrestricted) {
      const denied = denialOf(session, command, argv, session.queue === undefined ? 'toplevel' : 'multi');
      if (denied !== undefined) return denied;
    }
    if (command.denyOom) {
      const limit = this.maxMemoryBytes;
      if (limit > 0 && this.usedMemoryBytes > limit) return replies.OOM;
    }
    const { writeRefusal } = this.log;
    if (writeRefusal !== undefined && (command.writes || queuesWrites(session, command))) return writeRefusal;
    if (session.resp === 2 && session.subscriptions > 0 && !command.mayRunInSubscribe) {
      return replies.err(
        `Can't execute '${command.name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
      );
    }
    return undefined;
  }

  /** Kept beside the config: read at every write, or often. */
  maxMemoryBytes = 0;
  outputLimits = parseOutputLimits(DEFAULT_OUTPUT_LIMITS);

  countError(reply: ErrorReply): void {
    const space = reply.error.indexOf(' ');
    const code = space < 0 ? reply.error : reply.error.slice(0, space);
    const { errors } = this.stats;
    if (errors.has(code) || errors.size < 128) errors.set(code, (errors.get(code) ?? 0) + 1);
  }

  private refuse(session: Session, command: Command | undefined, error: ErrorReply): Reply {
    if (session.queue !== undefined) session.queueFailed = true;
    if (command !== undefined) command.stats.rejected++;
    this.countError(error);
    if (command?.name !== 'exec') return error;
    endTransaction(session);
    return new ErrorReply(`EXECABORT Transaction discarded because of: ${error.error.replace(/^ERR /, '')}`);
  }

  /** A mistake of ours. What was changed until then stays and is logged: replayed, the command fails at the same place. */
  private internalError(error: unknown, command: string): ErrorReply {
    this.logger.error({ err: error, command }, 'a command handler failed');
    return new ErrorReply('ERR internal error');
  }

  private runAttempt(session: Session, attempt: () => Reply | undefined): Reply | undefined {
    this.keyspace.nowMs = this.clock.nowMs();
    this.replaced = undefined;
    let reply: Reply | undefined;
    try {
      reply = attempt();
    } catch (error) {
      reply = error instanceof ErrorReply ? error : this.internalError(error, session.lastCommand);
      // A key of another type is no reason to wake whoever waits for a list.
      if (error === replies.WRONGTYPE) reply = undefined;
    }
    // An attempt that changed something always names its effect: the blocking command itself would block again at replay.
    for (const effect of this.takeReplaced()) this.noteEffect(session.db.index, effect);
    if (this.record !== '') this.closeRecord();
    return reply;
  }

  /** The effects of a command that changed something: itself, or what its handler put in its place. */
  private noteEffects(dbIndex: number, argv: readonly string[]): void {
    if (this.replaced === undefined) this.noteEffect(dbIndex, argv);
    else for (const effect of this.replaced) this.noteEffect(dbIndex, effect);
  }

  private takeReplaced(): (readonly string[])[] {
    const taken = this.replaced ?? [];
    this.replaced = undefined;
    return taken;
  }

  private noteChange(db: Database, key: string): void {
    this.transactions.touch(db, key);
    this.blocking.signal(db, key);
  }

  private noteEffect(dbIndex: number, argv: readonly string[]): void {
    if (this.log === NO_LOG || this.keyspace.loading) return;
    if (dbIndex !== this.recordDb) {
      this.record += encodeRequest(['SELECT', String(dbIndex)]);
      this.recordDb = dbIndex;
    }
    this.record += encodeRequest(argv);
  }

  private closeRecord(): void {
    if (!this.abandoned) this.log.append(this.record);
    this.unflushed = true;
    this.record = '';
    this.recordDb = 0;
  }
}
