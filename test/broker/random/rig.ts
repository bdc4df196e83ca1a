/** Both servers with their players, and the run of many random programs that counts what was compared. */
import fc from 'fast-check';
import { startOurs, startRedis } from '../support/servers.ts';
import { Player } from './player.ts';
import { type Program, randomProgram } from './program.ts';
import { compareRun, programText } from './run-program.ts';

export interface Tally {
  programs: number;
  commands: number;
  /** Programs that came to a point where 7.0 and 7.2 part ways, and were not compared. */
  parted: number;
}

export interface Rig {
  /**
   * Runs random programs of one seed until at least `commands` commands were compared.
   * @throws Error with the least program that still fails, its difference and its seed.
   */
  run(seed: number, commands: number): Promise<Tally>;
  stop(): Promise<void>;
}

export async function startRig(): Promise<Rig> {
  const [ours, redis] = await Promise.all([startOurs(), startRedis()]);
  const [broker, oracle] = await Promise.all([Player.open(ours.port), Player.open(redis.port)]);
  return {
    run: (seed, commands) => runPrograms(broker, oracle, seed, commands),
    stop: async () => {
      broker.close();
      oracle.close();
      await Promise.all([ours.stop(), redis.stop()]);
    },
  };
}

const sizeOf = (program: Program): number => program.bursts.reduce((sum, { requests }) => sum + requests.length, 0);
/** A program has about 70 commands; what is still missing after the last program is run by more of them. */
const PROGRAM_COMMANDS = 50;

async function runPrograms(broker: Player, redis: Player, seed: number, commands: number): Promise<Tally> {
  const tally: Tally = { programs: 0, commands: 0, parted: 0 };
  const property = fc.asyncProperty(randomProgram, async (program) => {
    if (await compareRun(broker, redis, program)) {
      tally.programs++;
      tally.commands += sizeOf(program);
    } else tally.parted++;
  });
  for (let round = 0; tally.commands < commands; round++) {
    const numRuns = Math.ceil((commands - tally.commands) / PROGRAM_COMMANDS);
    const result = await fc.check(property, { seed: seed + round, numRuns });
    if (!result.failed) continue;
    const [program] = result.counterexample ?? [];
    const why = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
    throw new Error(`seed ${seed + round}\n${program === undefined ? '' : programText(program)}\n${why}`);
  }
  return tally;
}
