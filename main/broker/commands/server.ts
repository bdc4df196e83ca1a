/** The server commands: INFO, CONFIG, flushing, SLOWLOG, MEMORY and small ones. ACL is in acl.ts, COMMAND in introspection.ts. */
import { declareCommands, type Handler } from '../command.ts';
import { renderInfo } from '../info.ts';
import type { Database } from '../keyspace.ts';
import { integer, integerIn } from '../numbers.ts';
import * as replies from '../replies.ts';
import { err, MapReply, NO_REPLY, OK, type Reply, Status, SYNTAX, VerbatimReply } from '../replies.ts';
import type { Session } from '../session.ts';
import { memoryOf } from '../values.ts';
import { aclHandlers } from './acl.ts';
import { commandHandlers } from './introspection.ts';
import { at, upper } from './support.ts';

const TABLE = `
acl | -2 | - | - | - | 6.0.0 | Depends on subcommand | container | A container for Access List Control commands 
acl|cat | -2 | noscript loading stale | - | - | 6.0.0 | O(1) since the categories and commands are a fixed set | array | List the ACL categories or the commands inside a category
acl|deluser | -3 | admin noscript loading stale | - | - | 6.0.0 | O(1) amortized time considering the typical user | integer | Remove the specified ACL users and the associated rules
acl|dryrun | -4 | admin noscript loading stale | - | - | 7.0.0 | O(1) | array | Returns whether the user can execute the given command without executing the command
acl|genpass | -2 | noscript loading stale | - | - | 6.0.0 | O(1) | bulk | Generate a pseudorandom secure password to use for ACL users
acl|getuser | 3 | admin noscript loading stale | - | - | 6.0.0 | O(N) | map or null | Get the rules for a specific ACL user
acl|list | 2 | admin noscript loading stale | - | - | 6.0.0 | O(N) | array | List the current ACL rules in ACL config file format
acl|load | 2 | admin noscript loading stale | - | - | 6.0.0 | O(N) | status | Reload the ACLs from the configured ACL file
acl|log | -2 | admin noscript loading stale | - | - | 6.0.0 | O(N) | array | List latest events denied because of ACLs in place
acl|save | 2 | admin noscript loading stale | - | - | 6.0.0 | O(N) | status | Save the current ACL rules in the configured ACL file
acl|setuser | -3 | admin noscript loading stale | - | - | 6.0.0 | O(N) | status | Modify or create the rules for a specific ACL user
acl|users | 2 | admin noscript loading stale | - | - | 6.0.0 | O(N) | array | List the username of all the configured ACL rules
acl|whoami | 2 | noscript loading stale | - | - | 6.0.0 | O(1) | bulk | Return the name of the user associated to the current connection
bgrewriteaof | 1 | admin noscript no_async_loading | - | - | 1.0.0 | O(1) | status | Asynchronously rewrite the append-only file
bgsave | -1 | admin noscript no_async_loading | - | - | 1.0.0 | O(1) | status | Asynchronously save the dataset to disk
command | -1 | loading stale | - | connection | 2.8.13 | O(N) | array | Get array of Redis command details
command|count | 2 | loading stale | - | connection | 2.8.13 | O(1) | integer | Get total number of Redis commands
command|docs | -2 | loading stale | - | connection | 7.0.0 | O(N) | map | Get array of specific Redis command documentation
command|getkeys | -4 | loading stale | - | connection | 2.8.13 | O(N) | array | Extract keys given a full Redis command
command|getkeysandflags | -4 | loading stale | - | connection | 7.0.0 | O(N) | array | Extract keys and access flags given a full Redis command
command|info | -2 | loading stale | - | connection | 2.8.13 | O(N) | array | Get array of specific Redis command details, or all when no argument is given
command|list | -2 | loading stale | - | connection | 7.0.0 | O(N) | array | Get an array of Redis command names
config | -2 | - | - | - | 2.0.0 | Depends on subcommand | container | A container for server configuration commands
config|get | -3 | admin noscript loading stale | - | - | 2.0.0 | O(N) | map | Get the values of configuration parameters
config|resetstat | 2 | admin noscript loading stale | - | - | 2.0.0 | O(1) | status | Reset the stats returned by INFO
config|rewrite | 2 | admin noscript loading stale | - | - | 2.8.0 | O(1) | status | Rewrite the configuration file with the in memory configuration
config|set | -4 | admin noscript loading stale | - | - | 2.0.0 | O(N) | status | Set configuration parameters to the given values
dbsize | 1 | readonly fast | - | keyspace | 1.0.0 | O(1) | integer | Return the number of keys in the selected database
flushall | -1 | write | - | keyspace dangerous | 1.0.0 | O(N) | status | Remove all keys from all databases
flushdb | -1 | write | - | keyspace dangerous | 1.0.0 | O(N) | status | Remove all keys from the current database
info | -1 | loading stale | - | dangerous | 1.0.0 | O(1) | text | Get information and statistics about the server
lastsave | 1 | loading stale fast | - | dangerous | 1.0.0 | O(1) | integer | Get the UNIX time stamp of the last successful save to disk
lolwut | -1 | readonly fast | - | - | 5.0.0 | - | text | Display some computer art and the Redis version
memory | -2 | - | - | - | 4.0.0 | Depends on subcommand | container | A container for memory diagnostics commands
memory|doctor | 2 | - | - | - | 4.0.0 | O(1) | text | Outputs memory problems report
memory|malloc-stats | 2 | - | - | - | 4.0.0 | Depends on how much memory is allocated, could be slow | text | Show allocator internal stats
memory|purge | 2 | - | - | - | 4.0.0 | Depends on how much memory is allocated, could be slow | status | Ask the allocator to release memory
memory|stats | 2 | - | - | - | 4.0.0 | O(1) | map | Show memory usage details
memory|usage | -3 | readonly | N2 | - | 4.0.0 | O(N) | integer or null | Estimate the memory usage of a key
role | 1 | noscript loading stale fast | - | dangerous | 2.8.12 | O(1) | array | Return the role of the instance in the context of replication
save | 1 | admin noscript no_async_loading no_multi | - | - | 1.0.0 | O(N) | status | Synchronously save the dataset to disk
shutdown | -1 | admin noscript loading stale no_multi allow_busy | - | - | 1.0.0 | O(N) | nothing | Synchronously save the dataset to disk and then shut down the server
slowlog | -2 | - | - | - | 2.2.12 | Depends on subcommand | container | A container for slow log commands
slowlog|get | -2 | admin loading stale | - | - | 2.2.12 | O(N) | array | Get the slow log's entries
slowlog|len | 2 | admin loading stale | - | - | 2.2.12 | O(1) | integer | Get the slow log's length
slowlog|reset | 2 | admin loading stale | - | - | 2.2.12 | O(N) | status | Clear all entries from the slow log
swapdb | 3 | write fast | - | keyspace dangerous | 4.0.0 | O(N) | status | Swaps two Redis databases
time | 1 | loading stale fast | - | - | 2.6.0 | O(1) | array | Return the current server time
`;

const configGet: Handler = (session, argv) => new MapReply(session.engine.config.matching(argv.slice(2)));

const configSet: Handler = (session, argv) => {
  if (argv.length % 2 !== 0) throw replies.wrongArity('config|set');
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
  const a = keyspace.databases[integer(at(argv, 1), err('invalid first DB index'))];
  const b = keyspace.databases[integer(at(argv, 2), err('invalid second DB index'))];
  if (a === undefined || b === undefined) throw replies.DB_INDEX_RANGE;
  if (a === b) return OK;
  const affected = (key: string): boolean => a.entries.has(key) || b.entries.has(key);
  transactions.touchAll(a, affected);
  transactions.touchAll(b, affected);
  session.engine.finishSnapshot();
  a.swapWith(b);
  keyspace.dirty++;
  blocking.signalAll(a);
  blocking.signalAll(b);
  return OK;
};

const slowlogGet: Handler = (session, argv) => {
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

const time: Handler = (session) => {
  const us = Math.floor(session.engine.clock.wallUs());
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

const shutdown: Handler = (session) => {
  session.engine.requestShutdown();
  return NO_REPLY;
};

const rewrite: Handler = (session) => {
  session.engine.log.rewrite();
  return new Status('Background append only file rewriting started');
};

const save: Handler = (session) => {
  session.engine.log.rewrite();
  return OK;
};

const lolwut: Handler = (_session): Reply => new VerbatimReply('txt', 'Redis ver. 7.2.4\n');

export const serverCommands = declareCommands('server', TABLE, {
  ...aclHandlers,
  ...commandHandlers,
  bgrewriteaof: rewrite,
  bgsave: (session, argv) => {
    if (argv.length > 2 || (argv.length === 2 && upper(argv, 1) !== 'SCHEDULE')) throw SYNTAX;
    session.engine.log.rewrite();
    return new Status('Background saving started');
  },
  'config|get': configGet,
  'config|resetstat': resetStat,
  'config|rewrite': () => err('The server is running without a config file'),
  'config|set': configSet,
  dbsize: (session) => session.db.entries.size,
  flushall: flushing(true),
  flushdb: flushing(false),
  info: (session, argv) => new VerbatimReply('txt', renderInfo(session.engine, argv.slice(1))),
  lastsave: (session) => Math.floor(session.engine.startedAtMs / 1000),
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
