/** INFO: the sections and their lines. */
import { type } from 'node:os';
import type { Engine } from './engine.ts';

/** The Redis version whose behaviour is announced. */
export const SERVER_VERSION = '7.2.4';

type Line = readonly [string, string | number];

function server(engine: Engine): Line[] {
  const uptime = Math.floor((engine.clock.nowMs() - engine.startedAtMs) / 1000);
  return [
    ['redis_version', SERVER_VERSION],
    ['redis_git_sha1', '00000000'],
    ['redis_git_dirty', 0],
    ['redis_build_id', '0'],
    ['redis_mode', 'standalone'],
    ['os', `${type()} ${process.arch}`],
    ['arch_bits', 64],
    ['multiplexing_api', 'libuv'],
    ['process_id', process.pid],
    ['run_id', engine.runId],
    ['tcp_port', engine.config.text('port')],
    ['server_time_usec', Math.floor(engine.clock.wallUs())],
    ['uptime_in_seconds', uptime],
    ['uptime_in_days', Math.floor(uptime / 86_400)],
    ['hz', 10],
    ['configured_hz', 10],
    ['executable', process.execPath],
    ['config_file', ''],
  ];
}

function clients(engine: Engine): Line[] {
  let subscribed = 0;
  for (const session of engine.sessions.values()) if (session.subscriptions > 0) subscribed++;
  return [
    ['connected_clients', engine.sessions.size],
    ['cluster_connections', 0],
    ['maxclients', engine.config.text('maxclients')],
    ['blocked_clients', engine.blocking.count],
    ['tracking_clients', 0],
    ['pubsub_clients', subscribed],
  ];
}

function human(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(2)}K`;
  return bytes < 1024 ** 3 ? `${(bytes / 1024 ** 2).toFixed(2)}M` : `${(bytes / 1024 ** 3).toFixed(2)}G`;
}

function memory(engine: Engine): Line[] {
  const used = engine.usedMemoryBytes;
  const rss = process.memoryUsage.rss();
  return [
    ['used_memory', used],
    ['used_memory_human', human(used)],
    ['used_memory_rss', rss],
    ['used_memory_rss_human', human(rss)],
    ['used_memory_peak', engine.peakMemoryBytes],
    ['used_memory_peak_human', human(engine.peakMemoryBytes)],
    ['used_memory_lua', engine.lua.bytes],
    ['used_memory_scripts', engine.lua.bytes],
    ['number_of_cached_scripts', engine.lua.count],
    ['maxmemory', engine.config.text('maxmemory')],
    ['maxmemory_human', human(engine.maxMemoryBytes)],
    ['maxmemory_policy', engine.config.text('maxmemory-policy')],
    ['mem_fragmentation_ratio', used === 0 ? 1 : (rss / used).toFixed(2)],
    ['mem_allocator', 'v8'],
  ];
}

function persistence(engine: Engine): Line[] {
  return [['loading', engine.keyspace.loading ? 1 : 0], ['async_loading', 0], ...Object.entries(engine.log.info)];
}

function stats(engine: Engine): Line[] {
  let failed = 0;
  for (const count of engine.stats.errors.values()) failed += count;
  return [
    ['total_connections_received', engine.stats.connections],
    ['total_commands_processed', engine.stats.commands],
    ['instantaneous_ops_per_sec', engine.opsPerSecond],
    ['rejected_connections', engine.stats.rejectedConnections],
    ['expired_keys', engine.keyspace.expiredKeys],
    ['evicted_keys', 0],
    ['keyspace_hits', engine.keyspace.hits],
    ['keyspace_misses', engine.keyspace.misses],
    ['pubsub_channels', engine.pubsub.channels.size],
    ['pubsub_patterns', engine.pubsub.patterns.size],
    ['pubsubshard_channels', engine.pubsub.shardChannels.size],
    ['total_error_replies', failed],
  ];
}

function replication(engine: Engine): Line[] {
  return [
    ['role', 'master'],
    ['connected_slaves', 0],
    ['master_failover_state', 'no-failover'],
    ['master_replid', engine.runId],
    ['master_repl_offset', 0],
  ];
}

function cpu(): Line[] {
  const { user, system } = process.cpuUsage();
  return [
    ['used_cpu_sys', (system / 1e6).toFixed(6)],
    ['used_cpu_user', (user / 1e6).toFixed(6)],
  ];
}

function commandStats(engine: Engine): Line[] {
  return engine.table.byId
    .filter(({ stats: each }) => each.calls > 0 || each.rejected > 0)
    .map(({ name, stats: each }) => [
      `cmdstat_${name}`,
      `calls=${each.calls},usec=0,usec_per_call=0.00,rejected_calls=${each.rejected},failed_calls=${each.failed}`,
    ]);
}

function errorStats(engine: Engine): Line[] {
  return [...engine.stats.errors].map(([code, count]) => [`errorstat_${code}`, `count=${count}`]);
}

function keyspace(engine: Engine): Line[] {
  return engine.keyspace.databases
    .filter((db) => db.entries.size > 0)
    .map((db) => [`db${db.index}`, `keys=${db.entries.size},expires=${db.expiring},avg_ttl=0`]);
}

const SECTIONS: Readonly<Record<string, (engine: Engine) => Line[]>> = {
  server,
  clients,
  memory,
  persistence,
  stats,
  replication,
  cpu,
  modules: () => [],
  commandstats: commandStats,
  errorstats: errorStats,
  cluster: () => [['cluster_enabled', 0]],
  keyspace,
};

const NOT_BY_DEFAULT = new Set(['commandstats']);

/** INFO's text for the sections asked for (none = the default ones). */
export function renderInfo(engine: Engine, wanted: readonly string[]): string {
  const names = wanted.map((name) => name.toLowerCase());
  const all = names.includes('all') || names.includes('everything');
  const byDefault = names.length === 0 || names.includes('default');
  const parts: string[] = [];
  for (const [name, lines] of Object.entries(SECTIONS)) {
    if (!all && !names.includes(name) && !(byDefault && !NOT_BY_DEFAULT.has(name))) continue;
    const title = name.charAt(0).toUpperCase() + name.slice(1);
    parts.push(
      `# ${title}\r\n${lines(engine)
        .map(([key, value]) => `${key}:${value}\r\n`)
        .join('')}`,
    );
  }
  return parts.join('\r\n');
}
