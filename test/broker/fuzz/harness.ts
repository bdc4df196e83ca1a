/** Starts the target process, storms it and says what is left: clients, memory, answers. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { families } from '../../../main/broker/commands/index.ts';
import { RawClient } from '../support/raw-client.ts';
import { type StormFigures, type StormOptions, storm } from './storm.ts';

export interface FuzzResult extends StormFigures {
  /** Bytes after a garbage collection, before and after the storm. */
  readonly heapBefore: number;
  readonly heapAfter: number;
  readonly rssBefore: number;
  readonly rssAfter: number;
  /** Connections that are left beside the one that asks. */
  readonly clientsLeft: number;
  readonly blockedLeft: number;
}

interface FuzzTarget {
  readonly port: number;
  readonly tlsPort: number;
  /** One line out, one line in. */
  ask(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

async function startTarget(): Promise<FuzzTarget> {
  const child = spawn(process.execPath, ['--expose-gc', fileURLToPath(new URL('./target.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<Record<string, number>> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the broker is dead');
    return Object.fromEntries(Object.entries(JSON.parse(value)).map(([name, each]) => [name, Number(each)]));
  };
  const { port = 0, tlsPort = 0 } = await read();
  return {
    port,
    tlsPort,
    ask: () => {
      child.stdin.write('\n');
      return read();
    },
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

const COMMANDS = families.flat().flatMap(({ name }) => [name]);

/** Storms a fresh broker `rounds` times, the first one being a warm-up, and measures between. */
export async function fuzz(rounds: number, options: Omit<StormOptions, 'commands'>): Promise<FuzzResult[]> {
  const target = await startTarget();
  try {
    const results: FuzzResult[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = await target.ask();
      const figures = await storm(target, { ...options, commands: COMMANDS, seed: options.seed + round });
      const client = await RawClient.open(target.port);
      await client.send(['AUTH', 'good']);
      const { clients, blocked } = await settled(client);
      await client.send(['FLUSHALL']);
      await client.send(['SCRIPT', 'FLUSH']);
      client.close();
      const after = await target.ask();
      results.push({
        ...figures,
        heapBefore: before['heapUsed'] ?? 0,
        heapAfter: after['heapUsed'] ?? 0,
        rssBefore: before['rss'] ?? 0,
        rssAfter: after['rss'] ?? 0,
        clientsLeft: clients - 1,
        blockedLeft: blocked,
      });
    }
    return results;
  } finally {
    await target.stop();
  }
}

/** The last attackers' ends may still be on their way. */
async function settled(client: RawClient): Promise<{ clients: number; blocked: number }> {
  const count = async (): Promise<{ clients: number; blocked: number }> => {
    const text = await client.send(['INFO', 'clients']);
    const of = (name: string): number => Number(new RegExp(`${name}:(\\d+)`).exec(text)?.[1] ?? -1);
    return { clients: of('connected_clients'), blocked: of('blocked_clients') };
  };
  let seen = await count();
  for (let tries = 0; tries < 100 && (seen.clients > 1 || seen.blocked > 0); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    seen = await count();
  }
  return seen;
}
