/** Runs a random program on the broker and on redis-server and names the first thing in which they differ. */
import { difference, treeDifference } from './comparison.ts';
import { partsWays } from './justified-differences.ts';
import { readKeyspace } from './keyspace.ts';
import type { Player, Transcript } from './player.ts';
import { CLIENTS, type Program, type Request } from './program.ts';
import { parseTree, show } from './reply-tree.ts';

/**
 * False when the program came to a point where 7.0 and 7.2 part ways.
 * @throws Error that shows the request and both replies.
 */
export async function compareRun(broker: Player, redis: Player, program: Program): Promise<boolean> {
  const [mine, theirs] = await Promise.all([broker.play(program), redis.play(program)]);
  for (const name of CLIENTS) {
    const { requests, replies } = theirs[name];
    if (replies.some((reply, n) => partsWays(requests[n] ?? [], mine[name].replies[n] ?? '', reply))) return false;
  }
  const report = [...transcriptDifferences(mine, theirs), ...(await keyspaceDifferences(broker, redis))];
  if (report.length > 0) throw new Error(report.slice(0, 3).join('\n'));
  return true;
}

function* transcriptDifferences(mine: Transcript, theirs: Transcript): Iterable<string> {
  if (mine.skipped.join() !== theirs.skipped.join()) {
    yield `bursts skipped because their client waited: broker ${mine.skipped.join()}, redis ${theirs.skipped.join()}`;
  }
  for (const client of CLIENTS) {
    const broker = inOrder(mine[client].replies);
    const redis = inOrder(theirs[client].replies);
    // A subscription's messages are replies too, so the listener's replies do not go by request.
    const requests = client === 'listener' ? undefined : theirs[client].requests;
    const queue = createQueue();
    for (let n = 0; n < Math.max(broker.length, redis.length); n++) {
      const request = requests?.[n] ?? [];
      const found = queue.compare(request, broker[n] ?? '', redis[n] ?? '');
      if (found !== undefined) yield describe(client, n, request, found);
    }
  }
}

/** A message that matches several patterns comes once for each, in any order. */
function inOrder(replies: readonly string[]): string[] {
  const out: string[] = [];
  let run: string[] = [];
  const flush = (): void => {
    out.push(...run.sort());
    run = [];
  };
  for (const reply of replies) {
    if (!/^[*>]4\r\n\$8\r\npmessage/.test(reply)) flush();
    else if (run[0] !== undefined && messageOf(run[0]) !== messageOf(reply)) flush();
    if (/^[*>]4\r\n\$8\r\npmessage/.test(reply)) run.push(reply);
    else out.push(reply);
  }
  flush();
  return out;
}

const messageOf = (reply: string): string =>
  parseTree(reply)
    .items.slice(2)
    .map((item) => item.text)
    .join('\0');

function describe(client: string, n: number, request: Request, [broker, redis]: readonly [string, string]): string {
  return `${client} ${n}: ${JSON.stringify(request)}\n  broker: ${broker}\n  redis:  ${redis}`;
}

/** Follows MULTI, so that each reply of EXEC is compared by the rule of its own request. */
function createQueue(): {
  compare(request: Request, broker: string, redis: string): readonly [string, string] | undefined;
} {
  let queue: Request[] = [];
  return {
    compare(request, broker, redis) {
      if (broker === '' || redis === '') return [broker, redis];
      const name = (request[0] ?? '').toUpperCase();
      if (redis === '+QUEUED\r\n') queue.push(request);
      const isExec = name === 'EXEC' && redis.startsWith('*') && broker.startsWith('*');
      const found = isExec ? execDifference(queue, broker, redis) : difference(request, broker, redis);
      if (name === 'EXEC' || name === 'DISCARD') queue = [];
      return found;
    },
  };
}

function execDifference(
  queue: readonly Request[],
  broker: string,
  redis: string,
): readonly [string, string] | undefined {
  if (broker === redis) return undefined;
  const [a, b] = [parseTree(broker), parseTree(redis)];
  if (a.items.length !== b.items.length) return [show(a), show(b)];
  for (const [n, item] of a.items.entries()) {
    const other = b.items[n];
    const found = other === undefined ? undefined : treeDifference(queue[n] ?? [], item, other);
    if (found !== undefined) return [`${n}: ${found[0]}`, `${n}: ${found[1]}`];
  }
  return undefined;
}

async function keyspaceDifferences(broker: Player, redis: Player): Promise<string[]> {
  const [mine, theirs] = await Promise.all([readKeyspace(broker), readKeyspace(redis)]);
  const out: string[] = [];
  for (let n = 0; n < Math.max(mine.length, theirs.length); n++) {
    const [request = [], a = ''] = mine[n] ?? [];
    const [wanted = [], b = ''] = theirs[n] ?? [];
    if (request.join('\0') !== wanted.join('\0'))
      return [...out, `keyspace: ${request.join(' ')} / ${wanted.join(' ')}`];
    const found = difference(request, a, b);
    if (found !== undefined) out.push(describe('keyspace', n, request, found));
  }
  return out;
}

/** The program as lines, for a failure's message. */
export function programText(program: Program): string {
  const lines = program.bursts.flatMap(({ client, requests }) =>
    requests.map((request) => `${client.padEnd(8)} ${request.map((arg) => JSON.stringify(arg)).join(' ')}`),
  );
  return [`RESP${program.resp}`, ...lines].join('\n');
}
