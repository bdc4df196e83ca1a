/** The common part of handlers that may block: the time-out argument, and trying once before going to sleep. */
import { parseDouble, parseInt64 } from '../numbers.ts';
import { type Reply, TIMEOUT_NEGATIVE, TIMEOUT_NOT_FLOAT, TIMEOUT_NOT_INTEGER, TIMEOUT_RANGE } from '../replies.ts';
import type { Session } from '../session.ts';

/** Seconds with fractions, as milliseconds (fractions kept); 0 = for ever. */
export function timeoutSeconds(text: string): number {
  const seconds = parseDouble(text);
  if (seconds === undefined) throw TIMEOUT_NOT_FLOAT;
  if (seconds < 0) throw TIMEOUT_NEGATIVE;
  const ms = seconds * 1000;
  if (ms > Number.MAX_SAFE_INTEGER) throw TIMEOUT_RANGE;
  return ms;
}

/** Whole milliseconds (XREAD BLOCK); 0 = for ever. */
export function timeoutMilliseconds(text: string): number {
  const ms = parseInt64(text);
  if (ms === undefined) throw TIMEOUT_NOT_INTEGER;
  if (ms < 0) throw TIMEOUT_NEGATIVE;
  return Number(ms);
}

/** Tries now; sleeps on the keys when nothing is there and the session may block. `immediateReply` is for those who may not. */
export function attemptOrBlock(
  session: Session,
  keys: readonly string[],
  timeoutMs: number,
  timeoutReply: Reply,
  attempt: (keys: readonly string[]) => Reply | undefined,
  immediateReply: Reply = timeoutReply,
): Reply {
  const reply = attempt(keys);
  if (reply !== undefined) return reply;
  if (session.mayNotBlock || session.kind !== 'client') return immediateReply;
  return session.engine.blocking.block(session, { keys, timeoutMs, timeoutReply, attempt });
}
