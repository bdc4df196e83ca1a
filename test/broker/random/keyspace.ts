/** The whole keyspace of a server as comparable requests and replies: every database, every key with type, expiry and content. */

import type { Player } from './player.ts';
import type { Request } from './program.ts';

const DATABASES = ['0', '1', '2', '15'] as const;
const READS: Readonly<Record<string, (key: string) => Request[]>> = {
  string: (key) => [['GET', key]],
  list: (key) => [['LRANGE', key, '0', '-1']],
  hash: (key) => [['HGETALL', key]],
  set: (key) => [['SMEMBERS', key]],
  zset: (key) => [['ZRANGE', key, '0', '-1', 'WITHSCORES']],
  stream: (key) => [
    ['XRANGE', key, '-', '+'],
    ['XINFO', 'STREAM', key],
    ['XINFO', 'STREAM', key, 'FULL', 'COUNT', '0'],
  ],
};

/** Requests with their replies; keys in the order of their names. */
export async function readKeyspace(player: Player): Promise<(readonly [Request, string])[]> {
  const out: (readonly [Request, string])[] = [];
  const ask = async (requests: readonly Request[]): Promise<string[]> => {
    const replies = await player.control.ask(...requests);
    requests.forEach((request, n) => {
      out.push([request, replies[n] ?? '']);
    });
    return replies;
  };
  for (const db of DATABASES) {
    const [, keys = ''] = await ask([
      ['SELECT', db],
      ['KEYS', '*'],
    ]);
    const names = keysIn(keys);
    const types = await ask(
      names.flatMap((name) => [
        ['TYPE', name],
        ['PEXPIRETIME', name],
      ]),
    );
    await ask(names.flatMap((name, n) => READS[(types[n * 2] ?? '').slice(1, -2)]?.(name) ?? []));
  }
  await ask([['SELECT', '0']]);
  player.control.clear();
  return out;
}

function keysIn(reply: string): string[] {
  const names: string[] = [];
  let at = reply.indexOf('\r\n') + 2;
  while (at < reply.length) {
    const lineEnd = reply.indexOf('\r\n', at);
    const size = Number(reply.slice(at + 1, lineEnd));
    names.push(reply.slice(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return names.sort();
}
