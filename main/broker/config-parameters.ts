/**
 * The parameters that CONFIG knows, as data under Redis's names: name | set or fixed | kind | default | bounds or words | older name.
 * Bounds are Redis's own unless V8 or this broker asks for narrower ones. Checking and keeping values is config.ts's.
 */
import { DEFAULT_OUTPUT_LIMITS } from './output-limits.ts';

export type ParameterKind = 'integer' | 'bytes' | 'bool' | 'text' | 'enum' | 'save' | 'output-limits';

export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
  readonly fallback: string;
  /** False: refuses CONFIG SET. */
  readonly settable: boolean;
  /** The words of an enumeration. */
  readonly words: readonly string[];
  readonly min: bigint;
  readonly max: bigint;
  /** The name that it had before 7.0 and still answers to. */
  readonly olderName: string | undefined;
}

const TABLE = `
acllog-max-len | set | integer | 128 | 0 9223372036854775807 | -
active-expire-effort | set | integer | 1 | 1 10 | -
activerehashing | set | bool | yes | - | -
aof-load-truncated | set | bool | yes | - | -
appendfsync | set | enum | everysec | everysec always no | -
appendonly | set | bool | no | - | -
auto-aof-rewrite-min-size | set | bytes | 67108864 | 0 9223372036854775807 | -
auto-aof-rewrite-percentage | set | integer | 100 | 0 2147483647 | -
bind | fixed | text | 127.0.0.1 | - | -
busy-reply-threshold | set | integer | 5000 | -1000000000000000 1000000000000000 | lua-time-limit
client-output-buffer-limit | set | output-limits | @ | - | -
client-query-buffer-limit | set | bytes | 1073741824 | 1048576 9223372036854775807 | -
cluster-enabled | fixed | text | no | - | -
databases | fixed | text | 16 | - | -
dbfilename | fixed | text | - | - | -
dir | fixed | text | - | - | -
hash-max-listpack-entries | set | integer | 512 | 0 9223372036854775807 | hash-max-ziplist-entries
hash-max-listpack-value | set | bytes | 64 | 0 9223372036854775807 | hash-max-ziplist-value
hz | set | integer | 10 | 0 2147483647 | -
io-threads | fixed | text | 1 | - | -
latency-tracking | set | bool | no | - | -
lazyfree-lazy-eviction | set | bool | no | - | -
lazyfree-lazy-expire | set | bool | no | - | -
lazyfree-lazy-server-del | set | bool | no | - | -
lazyfree-lazy-user-del | set | bool | no | - | -
lazyfree-lazy-user-flush | set | bool | no | - | -
list-compress-depth | set | integer | 0 | 0 2147483647 | -
list-max-listpack-size | set | integer | -2 | -2147483648 2147483647 | list-max-ziplist-size
loglevel | set | enum | notice | debug verbose notice warning nothing | -
maxclients | set | integer | 10000 | 1 4294967295 | -
maxmemory | set | bytes | 0 | 0 18446744073709551615 | -
maxmemory-policy | set | enum | noeviction | noeviction | -
maxmemory-samples | set | integer | 5 | 1 2147483647 | -
notify-keyspace-events | set | text | - | - | -
port | fixed | text | 0 | - | -
proto-max-bulk-len | set | bytes | 536870880 | 1048576 536870880 | -
protected-mode | set | bool | yes | - | -
requirepass | set | text | - | - | -
save | set | save | - | - | -
set-max-intset-entries | set | integer | 512 | 0 9223372036854775807 | -
set-max-listpack-entries | set | integer | 128 | 0 9223372036854775807 | -
set-max-listpack-value | set | integer | 64 | 0 9223372036854775807 | -
slowlog-log-slower-than | set | integer | 10000 | -1 9223372036854775807 | -
slowlog-max-len | set | integer | 128 | 0 9223372036854775807 | -
stream-node-max-bytes | set | bytes | 4096 | 0 9223372036854775807 | -
stream-node-max-entries | set | integer | 100 | 0 9223372036854775807 | -
tcp-keepalive | set | integer | 300 | 0 2147483647 | -
timeout | set | integer | 0 | 0 2147483647 | -
tls-port | fixed | text | 0 | - | -
zset-max-listpack-entries | set | integer | 128 | 0 9223372036854775807 | zset-max-ziplist-entries
zset-max-listpack-value | set | bytes | 64 | 0 9223372036854775807 | zset-max-ziplist-value
`;

const KINDS: readonly ParameterKind[] = ['integer', 'bytes', 'bool', 'text', 'enum', 'save', 'output-limits'];

function parseLine(line: string): Parameter {
  const columns = line.split(' | ').map((column) => (column === '-' ? '' : column));
  const [name = '', settable = '', kindText = '', fallback = '', limits = '', olderName = ''] = columns;
  const kind = KINDS.find((each) => each === kindText);
  if (kind === undefined || columns.length !== 6) throw new Error(`bad parameter line: ${line}`);
  const numeric = kind === 'integer' || kind === 'bytes';
  const [min = '0', max = '0'] = numeric ? limits.split(' ') : [];
  return {
    name,
    kind,
    fallback: kind === 'output-limits' ? DEFAULT_OUTPUT_LIMITS : fallback,
    settable: settable === 'set',
    words: kind === 'enum' ? limits.split(' ') : [],
    min: BigInt(min),
    max: BigInt(max),
    olderName: olderName === '' ? undefined : olderName,
  };
}

/** All parameters, in the order of their names. */
export const parameters: readonly Parameter[] = TABLE.trim().split('\n').map(parseLine);
