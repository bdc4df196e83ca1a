/** WATCH: which sessions watch which keys, and the note that one was touched. Queueing and EXEC are in commands/transactions.ts. */
import type { Command } from './command.ts';
import type { Database } from './keyspace.ts';
import type { Session } from './session.ts';

export class Transactions {
  private readonly watchers = new Map<Database, Map<string, Set<Session>>>();
  private count = 0;

  watch(session: Session, key: string): void {
    const { db } = session;
    if (session.watched.some((each) => each.db === db && each.key === key)) return;
    session.watched.push({ db, key, wasThere: db.peek(key) !== undefined });
    this.count++;
    let keys = this.watchers.get(db);
    if (keys === undefined) {
      keys = new Map();
      this.watchers.set(db, keys);
    }
    const sessions = keys.get(key);
    if (sessions === undefined) keys.set(key, new Set([session]));
    else sessions.add(session);
  }

  unwatch(session: Session): void {
    for (const { db, key } of session.watched) {
      const keys = this.watchers.get(db);
      const sessions = keys?.get(key);
      sessions?.delete(session);
      if (sessions?.size === 0) keys?.delete(key);
      this.count--;
    }
    session.watched = [];
    session.watchBroken = false;
  }

  /** A key changed: whoever watches it will not EXEC. */
  touch(db: Database, key: string): void {
    if (this.count === 0) return;
    for (const session of this.watchers.get(db)?.get(key) ?? []) session.watchBroken = true;
  }

  /** A database was emptied or exchanged: `affected` says which watched keys count as touched. */
  touchAll(db: Database, affected: (key: string) => boolean): void {
    for (const [key, sessions] of this.watchers.get(db) ?? []) {
      if (affected(key)) for (const session of sessions) session.watchBroken = true;
    }
  }
}

/** Leaves the transaction, queue and watches included. */
export function endTransaction(session: Session): void {
  session.queue = undefined;
  session.queuedBytes = 0;
  session.queueFailed = false;
  session.engine.transactions.unwatch(session);
}

/** True for the EXEC of a transaction that writes. */
export function queuesWrites(session: Session, command: Command): boolean {
  return command.name === 'exec' && session.queue?.some((queued) => queued.command.writes) === true;
}
