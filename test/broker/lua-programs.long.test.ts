/** Many random Lua programs, the engine beside redis-server; LUA_RANDOM_SEED names the first seed, LUA_RANDOM_PROGRAMS how many. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLuaEngine, LuaCompileError, type LuaEngine, type Reply } from '../../main/broker/lua/lua-engine.ts';
import { hasRedisServer } from '../support/redis-server.ts';
import { createTinyHost, type RedisOracle, startRedis } from './lua-oracle.ts';
import { randomProgram } from './lua-random-program.ts';

const FIRST = Number(process.env['LUA_RANDOM_SEED'] ?? 1_000);
const COUNT = Number(process.env['LUA_RANDOM_PROGRAMS'] ?? 25_000);
/** Both sides keep every script they have seen; now and then they forget. */
const FLUSH_EVERY = 1_000;

/** Lua 5.1 keeps one constant for 0 and -0 of a function, the first it met; the engine tells them apart (see lua-engine.ts). */
const withoutSign = (reply: unknown): string => JSON.stringify(reply).replaceAll('"-0"', '"0"');

/** Programs whose answer hangs on the order in which `d[f()]` reads `d` and runs `f`, which Lua's manual leaves open. */
const ORDER_OF_EVALUATION: ReadonlySet<number> = new Set([16_038]);

/** Programs that do not compile answer with the error of EVAL. */
function answer(engine: LuaEngine, source: string): Reply {
  try {
    return engine.compile(source).run([], [], createTinyHost());
  } catch (error) {
    if (error instanceof LuaCompileError) return { error: error.message };
    throw error;
  }
}

describe.runIf(hasRedisServer)('random Lua programs', () => {
  let redis: RedisOracle;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => redis.stop());

  test(`${COUNT} programs from seed ${FIRST} answer alike`, async () => {
    const engine = createLuaEngine();
    for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
      if (ORDER_OF_EVALUATION.has(seed)) continue;
      const source = randomProgram(seed);
      const wanted = await redis.client.send('EVAL', source, '0');
      const got = answer(engine, source);
      expect(withoutSign(got), `seed ${seed}`).toBe(withoutSign(wanted));
      if (seed % FLUSH_EVERY !== 0) continue;
      engine.flush();
      await redis.client.send('SCRIPT', 'FLUSH');
    }
  }, 3_600_000);
});
