/**
 * Clients that wait for a key: BLPOP and its kin, BZPOPMIN, XREAD BLOCK.
 *
 * Life of a blocked client. A handler tries its operation by a closure `attempt`. When nothing is there and the session may block, it
 * calls block(): the client joins the queue of every key it waits for (a Set: first come, first served) and the connection stops
 * taking requests. Whenever a command changes a key that someone waits for, signal() notes the key once. After that command (or
 * whole script or transaction) is complete, logged and answered, the engine calls serve(): keys in the order in which they were noted, for
 * each its clients in order of arrival; `attempt` runs again as a unit of its own, with its own log record, and when it yields a
 * reply the client leaves all its queues, gets it and goes on. Keys noted meanwhile (BLMOVE feeds another list) are served in a
 * further round. A client whose attempt fails keeps its place. It leaves otherwise by time-out (never before the deadline, not by a
 * millisecond: timers fire early by rounding, so the deadline is checked and the timer set again), CLIENT UNBLOCK, or disconnection.
 *
 * A new kind of blocking needs nothing here: give block() the keys and an attempt.
 */
import type { Database } from './keyspace.ts';
import { ErrorReply, NO_REPLY, type Reply } from './replies.ts';
import type { Session } from './session.ts';

export interface BlockRequest {
  readonly keys: readonly string[];
  /** Milliseconds to wait, fractions allowed; 0 = for ever. */
  readonly timeoutMs: number;
  readonly timeoutReply: Reply;
  /**
   * Tries the operation again; undefined = still nothing. `keys` holds the one that became ready: others may have become ready too, or
   * hold another type by now, but Redis serves by the key that was written first.
   */
  readonly attempt: (keys: readonly string[]) => Reply | undefined;
}

interface Waiter extends BlockRequest {
  readonly session: Session;
  readonly db: Database;
  readonly deadlineMs: number;
  timer: NodeJS.Timeout | undefined;
}

export interface BlockingHost {
  /** Runs an attempt as one unit: clock, log record, errors as replies. */
  runAttempt(session: Session, attempt: () => Reply | undefined): Reply | undefined;
  monotonicMs(): number;
}

export class Blocking {
  private readonly host: BlockingHost;
  private readonly queues = new Map<Database, Map<string, Set<Waiter>>>();
  private readonly bySession = new Map<Session, Waiter>();
  private ready: { db: Database; key: string }[] = [];
  private readonly noted = new Map<Database, Set<string>>();

  constructor(host: BlockingHost) {
    this.host = host;
  }

  get count(): number {
    return this.bySession.size;
  }

  get hasReady(): boolean {
    return this.ready.length > 0;
  }

  /** Puts the session to sleep. The caller returns what this returns. */
  block(session: Session, request: BlockRequest): Reply {
    const deadlineMs = request.timeoutMs === 0 ? Infinity : this.host.monotonicMs() + request.timeoutMs;
    const waiter: Waiter = { ...request, session, db: session.db, deadlineMs, timer: undefined };
    let queues = this.queues.get(session.db);
    if (queues === undefined) {
      queues = new Map();
      this.queues.set(session.db, queues);
    }
    for (const key of request.keys) {
      const queue = queues.get(key);
      if (queue === undefined) queues.set(key, new Set([waiter]));
      else queue.add(waiter);
    }
    this.bySession.set(session, waiter);
    session.blocked = true;
    this.arm(waiter);
    return NO_REPLY;
  }

  /** Notes that a key changed; cheap when nobody waits. */
  signal(db: Database, key: string): void {
    if (this.bySession.size === 0 || !this.queues.get(db)?.has(key)) return;
    let noted = this.noted.get(db);
    if (noted === undefined) {
      noted = new Set();
      this.noted.set(db, noted);
    }
    if (noted.has(key)) return;
    noted.add(key);
    this.ready.push({ db, key });
  }

  /** Signals every awaited key of a database (SWAPDB, FLUSHALL). */
  signalAll(db: Database): void {
    for (const key of this.queues.get(db)?.keys() ?? []) this.signal(db, key);
  }

  /** Serves everyone whose key is ready. Called between commands only. */
  serve(): void {
    while (this.ready.length > 0) {
      const round = this.ready;
      this.ready = [];
      this.noted.clear();
      for (const { db, key } of round) {
        for (const waiter of [...(this.queues.get(db)?.get(key) ?? [])]) {
          if (this.bySession.get(waiter.session) !== waiter) continue;
          const reply = this.host.runAttempt(waiter.session, () => waiter.attempt([key]));
          if (reply !== undefined) this.wake(waiter, reply);
        }
      }
    }
  }

  /** CLIENT UNBLOCK: false when the session does not wait. */
  unblock(session: Session, withError: boolean): boolean {
    const waiter = this.bySession.get(session);
    if (waiter === undefined) return false;
    this.wake(
      waiter,
      withError ? new ErrorReply('UNBLOCKED client unblocked via CLIENT UNBLOCK') : waiter.timeoutReply,
    );
    return true;
  }

  /** The session is gone. */
  forget(session: Session): void {
    const waiter = this.bySession.get(session);
    if (waiter !== undefined) this.leave(waiter);
  }

  private wake(waiter: Waiter, reply: Reply): void {
    this.leave(waiter);
    waiter.session.port?.send(reply);
    waiter.session.port?.resume();
  }

  private leave(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    this.bySession.delete(waiter.session);
    waiter.session.blocked = false;
    const queues = this.queues.get(waiter.db);
    for (const key of waiter.keys) {
      const queue = queues?.get(key);
      queue?.delete(waiter);
      if (queue?.size === 0) queues?.delete(key);
    }
  }

  private arm(waiter: Waiter): void {
    if (waiter.deadlineMs === Infinity) return;
    const leftMs = waiter.deadlineMs - this.host.monotonicMs();
    if (leftMs <= 0) {
      this.wake(waiter, waiter.timeoutReply);
      return;
    }
    waiter.timer = setTimeout(() => this.arm(waiter), Math.min(Math.max(1, Math.ceil(leftMs)), 0x7fffffff));
  }
}
