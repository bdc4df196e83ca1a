/** The server commands: INFO, CONFIG, flushing, SLOWLOG, MEMORY and small ones. ACL is in acl.ts, COMMAND in introspection.ts. */
import { declareCommands, type Handler } from '../command.ts';
import { NO_LOG } from '../effect-log.ts';
import { renderInfo } from '../info.ts';
import type { Database } from '../keyspace.ts';
import { integer, integerIn } from '../numbers.ts';
import * as replies from '../replies.ts';
import {
  err,
  MapReply,
  NO_REPLY,
  OK,
  type Reply,
  Status,
  SYNTAX,
  VerbatimReply,
  wrongSubcommandArity,
} from '../replies.ts';
import type { Session } from '../session.ts';
import { memoryOf } from '../values.ts';
import { aclHandlers } from './acl.ts';
import { commandHandlers } from './introspection.ts';
import { at, databaseAt, databaseIndex, upper } from './support.ts';

const TABLE = `
acl | -2 | - | - | - | - | 6.0.0 | Depends on subcommand. | container | A container for Access List Control commands.
acl|cat | -2 | noscript loading stale | - | - | - | 6.0.0 | O(1) since the categories and commands are a fixed set. | array | Lists the ACL categories, or the commands inside a category.
acl|deluser | -3 | admin noscript loading stale | - | - | request_policy:all_nodes response_policy:all_succeeded | 6.0.0 | O(1) amortized time considering the typical user. | integer | Deletes ACL users, and terminates their connections.
acl|dryrun | -4 | admin noscript loading stale | - | - | - | 7.0.0 | O(1). | array | Simulates the execution of a command by a user, without executing the command.
acl|genpass | -2 | noscript loading stale | - | - | - | 6.0.0 | O(1) | bulk | Generates a pseudorandom, secure password that can be used to identify ACL users.
acl|getuser | 3 | admin noscript loading stale | - | - | - | 6.0.0 | O(N). Where N is the number of password, command and pattern rules that the user has. | map or null | Lists the ACL rules of a user.
acl|help | 2 | loading stale | - | - | - | 6.0.0 | O(1) | array | Returns helpful text about the different subcommands.
acl|list | 2 | admin noscript loading stale | - | - | - | 6.0.0 | O(N). Where N is the number of configured users. | array | Dumps the effective rules in ACL file format.
acl|load | 2 | admin noscript loading stale | - | - | - | 6.0.0 | O(N). Where N is the number of configured users. | status | Reloads the rules from the configured ACL file.
acl|log | -2 | admin noscript loading stale | - | - | - | 6.0.0 | O(N) with N being the number of entries shown. | array | Lists recent security events generated due to ACL rules.
acl|save | 2 | admin noscript loading stale | - | - | request_policy:all_nodes response_policy:all_succeeded | 6.0.0 | O(N). Where N is the number of configured users. | status | Saves the effective ACL rules in the configured ACL file.
acl|setuser | -3 | admin noscript loading stale | - | - | request_policy:all_nodes response_policy:all_succeeded | 6.0.0 | O(N). Where N is the number of rules provided. | status | Creates and modifies an ACL user and its rules.
acl|users | 2 | admin noscript loading stale | - | - | - | 6.0.0 | O(N). Where N is the number of configured users. | array | Lists all ACL users.
acl|whoami | 2 | noscript loading stale | - | - | - | 6.0.0 | O(1) | bulk | Returns the authenticated username of the current connection.
bgrewriteaof | 1 | admin noscript no_async_loading | - | - | - | 1.0.0 | O(1) | status | Asynchronously rewrites the append-only file to disk.
bgsave | -1 | admin noscript no_async_loading | - | - | - | 1.0.0 | O(1) | status | Asynchronously saves the database(s) to disk.
command | -1 | loading stale | - | connection | nondeterministic_output_order | 2.8.13 | O(N) where N is the total number of Redis commands | array | Returns detailed information about all commands.
command|count | 2 | loading stale | - | connection | - | 2.8.13 | O(1) | integer | Returns a count of commands.
command|docs | -2 | loading stale | - | connection | nondeterministic_output_order | 7.0.0 | O(N) where N is the number of commands to look up | map | Returns documentary information about one, multiple or all commands.
command|getkeys | -3 | loading stale | - | connection | - | 2.8.13 | O(N) where N is the number of arguments to the command | array | Extracts the key names from an arbitrary command.
command|getkeysandflags | -3 | loading stale | - | connection | - | 7.0.0 | O(N) where N is the number of arguments to the command | array | Extracts the key names and access flags for an arbitrary command.
command|help | 2 | loading stale | - | connection | - | 5.0.0 | O(1) | array | Returns helpful text about the different subcommands.
command|info | -2 | loading stale | - | connection | nondeterministic_output_order | 2.8.13 | O(N) where N is the number of commands to look up | array | Returns information about one, multiple or all commands.
command|list | -2 | loading stale | - | connection | nondeterministic_output_order | 7.0.0 | O(N) where N is the total number of Redis commands | array | Returns a list of command names.
config | -2 | - | - | - | - | 2.0.0 | Depends on subcommand. | container | A container for server configuration commands.
config|get | -3 | admin noscript loading stale | - | - | - | 2.0.0 | O(N) when N is the number of configuration parameters provided | map | Returns the effective values of configuration parameters.
config|help | 2 | loading stale | - | - | - | 5.0.0 | O(1) | array | Returns helpful text about the different subcommands.
config|resetstat | 2 | admin noscript loading stale | - | - | request_policy:all_nodes response_policy:all_succeeded | 2.0.0 | O(1) | status | Resets the server's statistics.
config|rewrite | 2 | admin noscript loading stale | - | - | request_policy:all_nodes response_policy:all_succeeded | 2.8.0 | O(1) | status | Persists the effective configuration to file.
config|set | -4 | admin noscript loading stale | - | - | request_policy:all_nodes response_policy:all_succeeded | 2.0.0 | O(N) when N is the number of configuration parameters provided | status | Sets configuration parameters in-flight.
dbsize | 1 | readonly fast | - | keyspace | request_policy:all_shards response_policy:agg_sum | 1.0.0 | O(1) | integer | Returns the number of keys in the database.
flushall | -1 | write | - | keyspace dangerous | request_policy:all_shards response_policy:all_succeeded | 1.0.0 | O(N) where N is the total number of keys in all databases | status | Removes all keys from all databases.
flushdb | -1 | write | - | keyspace dangerous | request_policy:all_shards response_policy:all_succeeded | 1.0.0 | O(N) where N is the number of keys in the selected database | status | Remove all keys from the current database.
info | -1 | loading stale | - | dangerous | nondeterministic_output request_policy:all_shards response_policy:special | 1.0.0 | O(1) | text | Returns information and statistics about the server.
lastsave | 1 | loading stale fast | - | admin dangerous | nondeterministic_output | 1.0.0 | O(1) | integer | Returns the Unix timestamp of the last successful save to disk.
lolwut | -1 | readonly fast | - | - | - | 5.0.0 | - | text | Displays computer art and the Redis version
memory | -2 | - | - | - | - | 4.0.0 | Depends on subcommand. | container | A container for memory diagnostics commands.
memory|doctor | 2 | - | - | - | nondeterministic_output request_policy:all_shards response_policy:special | 4.0.0 | O(1) | text | Outputs a memory problems report.
memory|help | 2 | loading stale | - | - | - | 4.0.0 | O(1) | array | Returns helpful text about the different subcommands.
memory|malloc-stats | 2 | - | - | - | nondeterministic_output request_policy:all_shards response_policy:special | 4.0.0 | Depends on how much memory is allocated, could be slow | text | Returns the allocator statistics.
memory|purge | 2 | - | - | - | request_policy:all_shards response_policy:all_succeeded | 4.0.0 | Depends on how much memory is allocated, could be slow | status | Asks the allocator to release memory.
memory|stats | 2 | - | - | - | nondeterministic_output request_policy:all_shards response_policy:special | 4.0.0 | O(1) | map | Returns details about memory usage.
memory|usage | -3 | readonly | RO:2 | - | - | 4.0.0 | O(N) where N is the number of samples. | integer or null | Estimates the memory usage of a key.
role | 1 | noscript loading stale fast | - | admin dangerous | - | 2.8.12 | O(1) | array | Returns the replication role.
save | 1 | admin noscript no_async_loading no_multi | - | - | - | 1.0.0 | O(N) where N is the total number of keys in all databases | status | Synchronously saves the database(s) to disk.
shutdown | -1 | admin noscript loading stale no_multi allow_busy | - | - | - | 1.0.0 | O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1) | nothing | Synchronously saves the database(s) to disk and shuts down the Redis server.
slowlog | -2 | - | - | - | - | 2.2.12 | Depends on subcommand. | container | A container for slow log commands.
slowlog|get | -2 | admin loading stale | - | - | request_policy:all_nodes nondeterministic_output | 2.2.12 | O(N) where N is the number of entries returned | array | Returns the slow log's entries.
slowlog|help | 2 | loading stale | - | - | - | 6.2.0 | O(1) | array | Show helpful text about the different subcommands
slowlog|len | 2 | admin loading stale | - | - | request_policy:all_nodes response_policy:agg_sum nondeterministic_output | 2.2.12 | O(1) | integer | Returns the number of entries in the slow log.
slowlog|reset | 2 | admin loading stale | - | - | request_policy:all_nodes response_policy:all_succeeded | 2.2.12 | O(N) where N is the number of entries in the slowlog | status | Clears all entries from the slow log.
swapdb | 3 | write fast | - | keyspace dangerous | - | 4.0.0 | O(N) where N is the count of clients watching or blocking on keys from both databases. | status | Swaps two Redis databases.
time | 1 | loading stale fast | - | - | nondeterministic_output | 2.6.0 | O(1) | array | Returns the server time.
`;

const configGet: Handler = (session, argv) => new MapReply(session.engine.config.matching(argv.slice(2)));

const configSet: Handler = (session, argv) => {
  if (argv.length % 2 !== 0) throw SYNTAX;
  const pairs: [string, string][] = [];
  for (let i = 2; i < argv.length; i += 2) pairs.push([at(argv, i), at(argv, i + 1)]);
  session.engine.config.set(pairs);
  return OK;
};

const resetStat: Handler = (session) => {
  const { engine } = session;
  engine.stats.commands = 0;
  engine.stats.connections = 0;
  engine.stats.rejectedConnections = 0;
  engine.stats.errors.clear();
  engine.keyspace.hits = 0;
  engine.keyspace.misses = 0;
  engine.keyspace.expiredKeys = 0;
  for (const command of engine.table.byId) Object.assign(command.stats, { calls: 0, failed: 0, rejected: 0 });
  return OK;
};

function flush(session: Session, databases: readonly Database[]): void {
  for (const db of databases) {
    session.engine.transactions.touchAll(db, (key) => db.entries.has(key));
    db.clear();
    session.engine.blocking.signalAll(db);
  }
  // Redis counts a flush as a change even when nothing was there.
  session.db.keyspace.dirty++;
}

const flushing =
  (all: boolean): Handler =>
  (session, argv) => {
    const mode = upper(argv, 1);
    if (argv.length > 2 || (argv.length === 2 && mode !== 'SYNC' && mode !== 'ASYNC')) throw SYNTAX;
    flush(session, all ? session.engine.keyspace.databases : [session.db]);
    session.engine.propagate(all ? 'FLUSHALL' : 'FLUSHDB');
    return OK;
  };

const swapdb: Handler = (session, argv) => {
  const { keyspace, transactions, blocking } = session.engine;
  // Both are read as numbers before either is looked for.
  const first = databaseIndex(at(argv, 1), err('invalid first DB index'));
  const second = databaseIndex(at(argv, 2), err('invalid second DB index'));
  const a = databaseAt(session, first);
  const b = databaseAt(session, second);
  if (a === b) return OK;
  const affected = (key: string): boolean => a.entries.has(key) || b.entries.has(key);
  transactions.touchAll(a, affected);
  transactions.touchAll(b, affected);
  a.swapWith(b);
  keyspace.dirty++;
  blocking.signalAll(a);
  blocking.signalAll(b);
  return OK;
};

const slowlogGet: Handler = (session, argv) => {
  if (argv.length > 3) throw wrongSubcommandArity('get', 'slowlog');
  const tooSmall = err('count should be greater than or equal to -1');
  const count = argv.length > 2 ? integerIn(at(argv, 2), -1, Number.MAX_SAFE_INTEGER, tooSmall) : 10;
  const { entries } = session.engine.slowLog;
  return entries
    .slice(0, count === -1 ? entries.length : count)
    .map(({ id, atMs, tookUs, argv: args, address, name }) => [
      id,
      Math.floor(atMs / 1000),
      tookUs,
      args,
      address,
      name,
    ]);
};

/** The instant is the same throughout a request, a script or a transaction. */
const time: Handler = (session) => {
  const us = Math.floor(session.engine.unitWallUs());
  return [String(Math.floor(us / 1e6)), String(us % 1e6)];
};

const memoryUsage: Handler = (session, argv) => {
  if (argv.length > 3) {
    if (argv.length !== 5 || upper(argv, 3) !== 'SAMPLES') throw SYNTAX;
    if (integer(at(argv, 4)) < 0) throw SYNTAX;
  }
  const entry = session.db.peek(at(argv, 2));
  return entry === undefined ? null : memoryOf(at(argv, 2), entry.value);
};

const memoryStats: Handler = (session) => {
  const { engine } = session;
  let keys = 0;
  for (const db of engine.keyspace.databases) keys += db.entries.size;
  return new MapReply([
    'peak.allocated',
    engine.peakMemoryBytes,
    'total.allocated',
    engine.usedMemoryBytes,
    'startup.allocated',
    0,
    'lua.caches',
    engine.lua.bytes,
    'keys.count',
    keys,
    'keys.bytes-per-key',
    keys === 0 ? 0 : Math.floor(engine.usedMemoryBytes / keys),
  ]);
};

const shutdown: Handler = (session, argv) => {
  const words = argv.slice(1).map((word) => word.toUpperCase());
  if (words.some((word) => !['SAVE', 'NOSAVE', 'NOW', 'FORCE', 'ABORT'].includes(word))) throw SYNTAX;
  if (words.includes('SAVE') && words.includes('NOSAVE')) throw SYNTAX;
  if (words.includes('ABORT')) throw words.length > 1 ? SYNTAX : err('No shutdown in progress.');
  if (session.engine.scripts.busy && !words.includes('NOSAVE')) throw replies.BUSY_SCRIPT;
  session.engine.shutDown();
  return NO_REPLY;
};

/** Starts a snapshot; its end. @throws `busy` when one is under way. */
function startSnapshot(session: Session, busy: string): Promise<boolean> {
  const { log } = session.engine;
  if (log === NO_LOG) throw err('this server keeps no files: it was started without a folder');
  const ended = log.rewrite();
  if (ended === undefined) throw err(busy);
  return ended;
}

const bgrewriteaof: Handler = (session) => {
  void startSnapshot(session, 'Background append only file rewriting already in progress');
  return new Status('Background append only file rewriting started');
};

const bgsave: Handler = (session, argv) => {
  if (argv.length > 2 || (argv.length === 2 && upper(argv, 1) !== 'SCHEDULE')) throw SYNTAX;
  void startSnapshot(session, 'Background save already in progress');
  return new Status('Background saving started');
};

/** Answers when the snapshot is on disk. Only this client waits: Redis stops everyone. */
const save: Handler = (session) => {
  void startSnapshot(session, 'Background save already in progress').then((isGood) => {
    session.blocked = false;
    session.port?.send(isGood ? OK : err('the snapshot failed, see the log'));
    session.port?.resume();
  });
  session.blocked = true;
  return NO_REPLY;
};

const lolwut: Handler = (_session): Reply => new VerbatimReply('txt', 'Redis ver. 7.2.4\n');

export const serverCommands = declareCommands('server', TABLE, {
  ...aclHandlers,
  ...commandHandlers,
  bgrewriteaof,
  bgsave,
  'config|get': configGet,
  'config|resetstat': resetStat,
  'config|rewrite': () => err('The server is running without a config file'),
  'config|set': configSet,
  dbsize: (session) => session.db.entries.size,
  flushall: flushing(true),
  flushdb: flushing(false),
  info: (session, argv) => new VerbatimReply('txt', renderInfo(session.engine, argv.slice(1))),
  lastsave: ({ engine }) => (engine.log === NO_LOG ? Math.floor(engine.startedAtMs / 1000) : engine.log.lastSaveS),
  lolwut,
  'memory|doctor': () => new VerbatimReply('txt', 'Sam, I detected no issue in this instance.'),
  'memory|malloc-stats': () => new VerbatimReply('txt', 'Stats not supported for the current allocator'),
  'memory|purge': () => OK,
  'memory|stats': memoryStats,
  'memory|usage': memoryUsage,
  role: () => ['master', 0, []],
  save,
  shutdown,
  'slowlog|get': slowlogGet,
  'slowlog|len': (session) => session.engine.slowLog.entries.length,
  'slowlog|reset': (session) => {
    session.engine.slowLog.entries = [];
    return OK;
  },
  swapdb,
  time,
});
