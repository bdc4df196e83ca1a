/** MULTI, EXEC, DISCARD, WATCH, UNWATCH. A transaction is one unit: its effects are one record of the log. */
import { declareCommands, type Handler } from '../command.ts';
import * as replies from '../replies.ts';
import { NULL_ARRAY, OK, type Reply } from '../replies.ts';
import { denialOf } from '../rights.ts';
import type { Session } from '../session.ts';
import { endTransaction } from '../transactions.ts';
import { at } from './support.ts';

const TABLE = `
discard | 1 | noscript loading stale fast allow_busy no_multi_queue | - | transaction | - | 2.0.0 | O(N), when N is the number of queued commands | status | Discards a transaction.
exec | 1 | noscript loading stale skip_slowlog no_multi_queue | - | transaction | - | 1.2.0 | Depends on commands in the transaction | array or null | Executes all commands in a transaction.
multi | 1 | noscript loading stale fast allow_busy no_multi_queue | - | transaction | - | 1.2.0 | O(1) | status | Starts a transaction.
unwatch | 1 | noscript loading stale fast allow_busy | - | transaction | - | 2.2.0 | O(1) | status | Forgets about watched keys of a transaction.
watch | -2 | noscript loading stale fast allow_busy no_multi_queue | RO:1,-1 | transaction | - | 2.2.0 | O(1) for every key. | status | Monitors changes to keys to determine the execution of a transaction.
`;

/** A watched key that has expired meanwhile counts as touched, even when nobody has looked at it yet. */
function watchIsBroken(session: Session): boolean {
  return session.watchBroken || session.watched.some(({ db, key, wasThere }) => wasThere && db.peek(key) === undefined);
}

const multi: Handler = (session) => {
  if (session.queue !== undefined) throw replies.NESTED_MULTI;
  session.queue = [];
  return OK;
};

const exec: Handler = (session) => {
  const { queue, queueFailed } = session;
  if (queue === undefined) throw replies.EXEC_WITHOUT_MULTI;
  const broken = watchIsBroken(session);
  endTransaction(session);
  if (queueFailed) throw replies.EXECABORT;
  if (broken) return NULL_ARRAY;
  const { engine } = session;
  const out: Reply[] = [];
  session.mayNotBlock = true;
  for (const { command, argv } of queue) {
    // Rights may have changed since the command was queued.
    const refusal = session.user.unrestricted ? undefined : denialOf(session, command, argv, 'multi');
    out.push(refusal ?? engine.execute(session, command, argv));
  }
  session.mayNotBlock = false;
  return out;
};

const discard: Handler = (session) => {
  if (session.queue === undefined) throw replies.DISCARD_WITHOUT_MULTI;
  endTransaction(session);
  return OK;
};

const watch: Handler = (session, argv) => {
  if (session.queue !== undefined) throw replies.WATCH_IN_MULTI;
  if (session.watchBroken) return OK;
  for (let i = 1; i < argv.length; i++) session.engine.transactions.watch(session, at(argv, i));
  return OK;
};

const unwatch: Handler = (session) => {
  session.engine.transactions.unwatch(session);
  return OK;
};

export const transactionCommands = declareCommands('transactions', TABLE, { discard, exec, multi, unwatch, watch });
