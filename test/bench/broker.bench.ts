/**
 * The broker beside redis-server under BullMQ, each in a process of its own, in one run:
 * `npm run bench -- broker [--against redis://127.0.0.1:PORT] [--fsync no,everysec,always] [--quick] [--only serial,work,…]`.
 * Every measure runs on both sides in turn, several times; the medians and their ratio (broker / redis) are printed. Without
 * `--against` it starts a redis-server of its own. Memory and restart are always measured on fresh servers of its own.
 */
import { parseArgs } from 'node:util';
import { loadedFigures, redisBenchmark } from './broker/raw.ts';
import { type Results, record, table } from './broker/report.ts';
import { bullmqScenarios, createTenProcesses, type Scenario } from './broker/scenarios.ts';
import {
  attachRedisSide,
  canStartRedis,
  type Fsync,
  type Side,
  startBrokerSide,
  startRedisSide,
} from './broker/sides.ts';

const { values: flags } = parseArgs({
  options: {
    against: { type: 'string' },
    fsync: { type: 'string', default: 'no,everysec,always' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
  },
});

const isFsync = (text: string): text is Fsync => text === 'no' || text === 'everysec' || text === 'always';
const rounds = Number(flags.rounds ?? (flags.quick ? 1 : 3));
const scale = flags.quick ? 0.25 : 1;
/** Both servers are measured warm: Node's compiler needs some ten thousand calls of the same paths. */
const WARM_UPS = flags.quick ? 1 : 2;
const wanted = (key: string): boolean => flags.only === undefined || flags.only.split(',').includes(key);

async function inTurn(results: Results, sides: readonly Side[], scenarios: readonly Scenario[]): Promise<void> {
  for (const scenario of scenarios) {
    for (let n = 0; n < WARM_UPS; n++) for (const side of sides) await scenario.run(side, scale);
    for (let round = 0; round < rounds; round++) {
      for (const side of sides) record(results, side.name, await scenario.run(side, scale));
    }
  }
}

async function measure(fsync: Fsync): Promise<Results> {
  const results: Results = new Map();
  const ten = createTenProcesses();
  const scenarios = [...bullmqScenarios, ten, redisBenchmark].filter(({ key }) => wanted(key));
  if (scenarios.length > 0) {
    const redis =
      flags.against === undefined ? await startRedisSide(fsync) : await attachRedisSide(flags.against, fsync);
    const sides = [await startBrokerSide(fsync), redis];
    await inTurn(results, sides, scenarios);
    for (const side of sides) await side.stop();
  }
  ten.stop();
  for (const start of wanted('loaded') ? [startBrokerSide, startRedisSide] : []) {
    if (start === startRedisSide && !canStartRedis) continue;
    const side = await start(fsync);
    record(results, side.name, await loadedFigures(side, flags.quick ? 0.2 : 1));
    await side.stop();
  }
  return results;
}

for (const fsync of flags.fsync.split(',')) {
  if (!isFsync(fsync)) throw new Error(`--fsync takes no, everysec and always, not ${fsync}`);
  console.log(`\nappendfsync ${fsync}, median of ${rounds}\n\n${table(await measure(fsync))}`);
}
process.exit(0);
