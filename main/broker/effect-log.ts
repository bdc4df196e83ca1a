/** What the engine needs of a log, and the log of a broker that keeps nothing. The log itself is aof.ts. */
import type { ErrorReply } from './replies.ts';

/** Where effects go. `record` is one unit's effects as requests, one after the other. */
export interface EffectLog {
  append(record: string): void;
  /** Why writes must be refused, if they must (a full disk). */
  readonly writeRefusal: ErrorReply | undefined;
  /** Starts a snapshot that replaces the log so far. @returns whether it succeeded in the end; undefined when one is under way. */
  rewrite(): Promise<boolean> | undefined;
  /** Seconds since the epoch of the last snapshot, or of the start. */
  readonly lastSaveS: number;
  /** INFO's lines. */
  readonly info: Readonly<Record<string, string | number>>;
}

/** The log of a broker without a folder. */
export const NO_LOG: EffectLog = {
  append: () => undefined,
  writeRefusal: undefined,
  rewrite: () => Promise.resolve(false),
  lastSaveS: 0,
  info: { rdb_bgsave_in_progress: 0, rdb_last_bgsave_status: 'ok', aof_enabled: 0, aof_rewrite_in_progress: 0 },
};
