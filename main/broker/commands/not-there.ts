/** Commands of Redis 7.2 that this broker does not have, by family: the list in docs/BROKER.md. They answer Redis's unknown-command error. */
export const notThereByFamily: Readonly<Record<string, readonly string[]>> = {
  cluster: ['asking', 'cluster'],
  replication: ['failover', 'psync', 'replconf', 'replicaof', 'slaveof', 'sync', 'waitaof'],
  functions: ['fcall', 'fcall_ro', 'function'],
  geo: [
    'geoadd',
    'geodist',
    'geohash',
    'geopos',
    'georadius',
    'georadius_ro',
    'georadiusbymember',
    'georadiusbymember_ro',
    'geosearch',
    'geosearchstore',
  ],
  HyperLogLog: ['pfadd', 'pfcount', 'pfdebug', 'pfmerge', 'pfselftest'],
  'serialised values': ['dump', 'migrate', 'restore', 'restore-asking'],
  'client-side caching': ['client|caching', 'client|tracking'],
  server: ['debug', 'latency', 'module', 'monitor'],
};

export const notThere: readonly string[] = Object.values(notThereByFamily).flat();
