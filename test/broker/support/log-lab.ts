/**
 * The engine and its log on a simulated disk, without sockets: turns of commands, then the flush that decides what is acknowledged.
 * Time is a number that tests move.
 */
import { vi } from 'vitest';
import { silentLogger } from '../../../common/log.ts';
import { type AppendFsync, type Log, openLog } from '../../../main/broker/aof.ts';
import { families } from '../../../main/broker/commands/index.ts';
import { Config } from '../../../main/broker/config.ts';
import { Engine } from '../../../main/broker/engine.ts';
import type { Reply } from '../../../main/broker/replies.ts';
import type { Session } from '../../../main/broker/session.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

export const DIR = '/data';
/** What one unit does, to three keys and a counter, in lockstep. */
const SCRIPT = `redis.call('RPUSH', 'list', ARGV[1]) redis.call('ZADD', 'zset', ARGV[1], ARGV[1]) redis.call('HSET', 'hash', ARGV[1], ARGV[2]) return redis.call('INCR', 'count')`;

export interface LogLab {
  readonly engine: Engine;
  readonly log: Log;
  readonly disk: SimulatedDisk;
  run(...args: string[]): Reply;
  /** Runs unit `n` as a script, or as a transaction. */
  unit(n: number, asScript: boolean, filler?: string): Reply;
  /** The end of a turn: true when what was run is acknowledged. */
  flush(): boolean;
  /** Lets time pass: timers fire, promises settle. */
  pass(ms: number): Promise<void>;
  /** How many units are there. @throws Error when one is there in part. */
  wholeUnits(): number;
}

/** Opens the log of a disk. The caller has faked timers. */
export async function openLab(disk: SimulatedDisk, appendfsync: AppendFsync, boot: string): Promise<LogLab> {
  let ms = 1e12;
  const clock = {
    nowMs: () => Math.floor(ms),
    wallUs: () => ms * 1000,
    // It moves by being looked at, so that slices of work end.
    monotonicMs: () => {
      ms += 0.05;
      return ms;
    },
  };
  const config = new Config({ appendonly: 'yes', appendfsync });
  const engine = new Engine({ clock, config, commands: families.flat(), logger: silentLogger });
  const log = await openLog(engine, DIR, { files: disk, boot });
  const session: Session = engine.newSession('client');
  const run = (...args: string[]): Reply => engine.run(session, args);
  return {
    engine,
    log,
    disk,
    run,
    unit(n, asScript, filler = '') {
      if (asScript) return run('EVAL', SCRIPT, '0', String(n), filler);
      run('MULTI');
      run('RPUSH', 'list', String(n));
      run('ZADD', 'zset', String(n), String(n));
      run('HSET', 'hash', String(n), filler);
      run('INCR', 'count');
      return run('EXEC');
    },
    flush: () => log.flush(),
    async pass(forMs) {
      ms += forMs;
      await vi.advanceTimersByTimeAsync(forMs);
    },
    wholeUnits() {
      const count = Number(run('GET', 'count') ?? 0);
      const sizes = [run('LLEN', 'list'), run('ZCARD', 'zset'), run('HLEN', 'hash')];
      const list = run('LRANGE', 'list', '0', '-1');
      const inOrder = Array.isArray(list) && list.every((item, index) => item === String(index));
      if (!inOrder || sizes.some((size) => size !== count)) throw new Error(`half a unit: ${count} and ${sizes}`);
      return count;
    },
  };
}
