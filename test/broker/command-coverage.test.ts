/** Every command and subcommand stands in at least one differential table, and what Redis 7.2 has and this has not is listed. */
import { describe, expect, it } from 'vitest';
import type { Command } from '../../main/broker/command.ts';
import { families } from '../../main/broker/commands/index.ts';
import { notThere } from '../../main/broker/commands/not-there.ts';
import { splitInline } from '../../main/broker/resp.ts';
import { RawClient } from './support/raw-client.ts';
import { redisIsInstalled, startRedis } from './support/servers.ts';
import { readTable, tableNames } from './support/tables.ts';

const commands: Command[] = families.flat();
const all = commands.flatMap((each) => [each.name, ...[...each.subcommands.values()].map(({ name }) => name)]);
const declared = new Set(all);
const containers = new Map(commands.filter((each) => each.subcommands.size > 0).map((each) => [each.name, each]));

/** The command or subcommand that a request names. */
function nameOf(line: string): string {
  const [name = '', sub = ''] = (splitInline(line) ?? []).map((word) => word.toLowerCase());
  return containers.get(name)?.subcommands.has(sub) ? `${name}|${sub}` : name;
}

const exercised = new Set(
  tableNames().flatMap((table) =>
    Object.values(readTable(table)).flatMap((lines) => lines.map((line) => nameOf(line))),
  ),
);

/** Commands that no table of plain requests can hold, and where they are tested. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  shutdown: 'ends the server: durability tests',
  quit: 'ends the connection: dialogues.txt',
  lolwut: 'tells the version',
  subscribe: 'answers with pushes: dialogues.txt',
  psubscribe: 'answers with pushes: dialogues.txt',
  ssubscribe: 'answers with pushes: dialogues.txt',
  unsubscribe: 'answers with pushes: dialogues.txt',
  punsubscribe: 'answers with pushes: dialogues.txt',
  sunsubscribe: 'answers with pushes: dialogues.txt',
  'client|no-touch': 'new in 7.2: changed-in-7.2.txt',
  'client|setinfo': 'new in 7.2: changed-in-7.2.txt',
};

describe('commands', () => {
  it('each is exercised by a differential table', () => {
    const missing = all.filter((name) => !exercised.has(name) && ELSEWHERE[name] === undefined);
    expect(missing).toEqual([]);
  });

  it.skipIf(!redisIsInstalled)('of Redis that are not here are listed', async () => {
    const redis = await startRedis();
    try {
      const client = await RawClient.open(redis.port);
      const reply = await client.send(['COMMAND', 'LIST']);
      const theirs = reply.split('\r\n').filter((line) => line !== '' && !/^[*$]/.test(line));
      const unlisted = theirs.filter((name) => {
        const [container = ''] = name.split('|');
        return !declared.has(name) && !notThere.includes(name) && !notThere.includes(container);
      });
      expect(unlisted).toEqual([]);
      expect(notThere.filter((name) => declared.has(name))).toEqual([]);
    } finally {
      await redis.stop();
    }
  });
});
