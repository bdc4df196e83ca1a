/** docs/BROKER.md, made from the command table, so that it cannot disagree with what runs. */
import type { Command } from './command.ts';
import { families } from './commands/index.ts';
import { SERVER_VERSION } from './info.ts';

const HEAD = `# The embedded broker

<!-- Generated from the command table by renderBrokerDoc(); do not edit. -->

A RESP2 and RESP3 server that BullMQ, ioredis and redis-cli take for Redis ${SERVER_VERSION.slice(0, 3)}. It runs in a worker thread of the hub, or alone:
\`npm run -s millrace -- broker --port N --dir DIR --appendfsync always|everysec|no --requirepass P\`. Any Redis from 6.2 or Valkey takes its place by URL.

## What it promises

- A reply means that the write to the log was issued: killing the process loses no acknowledged write. With \`appendfsync always\` the reply also waits for the disk.
- A script or a transaction comes back whole or not at all: its effects are one record, framed by length and CRC-32.
- A tail that was cut off is cut and logged at start; damage in the middle stops the start and names the offset.
- One process a folder.

## Where it differs from Redis

| what | here |
| --- | --- |
| Replication, cluster, modules, functions, geo, HyperLogLog, DUMP and RESTORE, MONITOR, LATENCY, DEBUG, client-side caching, keyspace events | unknown command, in Redis's words |
| maxmemory | policy noeviction only; memory is the heap of the broker's thread |
| OBJECT ENCODING, MEMORY USAGE | computed from sizes: what Redis would have chosen |
| SSCAN, HSCAN, ZSCAN | what Redis keeps as listpack or intset comes whole, larger ones in order of their hashes |
| SCRIPT KILL | a script is stopped by itself after busy-reply-threshold ms; nobody is served meanwhile |
| doubles | the shortest digits that read back the same, as in 7.2 (7.0 prints 17) |
| INCRBYFLOAT | exact decimal sums rounded to 17 places |

`;

function title(group: string): string {
  return group.charAt(0).toUpperCase() + group.slice(1).replace('-', ' ');
}

function row({ name, arity, reply, complexity, since, summary }: Command): string {
  const cells = [`\`${name.toUpperCase().replace('|', ' ')}\``, String(arity), reply, complexity, since, summary];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** The whole text of docs/BROKER.md. */
export function renderBrokerDoc(): string {
  const parts = families.map((family) => {
    const rows = family
      .flatMap((command) => [command, ...command.subcommands.values()])
      .filter((each) => each.subcommands.size === 0 || each.name === 'command');
    const head = `### ${title(family[0]?.group ?? '')}\n\n| command | arity | reply | cost | since | what it does |\n| --- | ---: | --- | --- | --- | --- |`;
    return `${head}\n${rows.map(row).join('\n')}`;
  });
  const count = families.reduce((sum, family) => sum + family.length, 0);
  return `${HEAD}## The ${count} commands\n\nArity counts the name; a minus means "at least". Names and summaries follow Redis's documentation (BSD-3-Clause).\n\n${parts.join('\n\n')}\n`;
}
