/** What a node may do at the broker: its own queues' keys, and the commands that a BullMQ worker uses. Nothing else. */
/**
 * Commands of BullMQ's worker and its scripts (checked at every redis.call) and of ioredis' connection. All of them are known to
 * Redis 6.2: one that is not makes ACL SETUSER refuse the whole user. (CLIENT SETINFO came with 7.2; ioredis does without.)
 */
const commands = [
  'hello auth ping quit reset select info client|setname client|id client|list client|info client|getname readonly command|docs',
  'multi exec discard eval evalsha script|load time',
  'exists del unlink type rename persist pttl pexpire pexpireat get incr incrby decr set expire ttl',
  'hget hset hmget hmset hgetall hdel hexists hlen hincrby hscan hkeys hvals',
  'lpush rpush lpop rpop rpoplpush lmove blmove llen lrange lrem ltrim lindex lset lpos linsert',
  'sadd srem scard smembers sismember sscan',
  'zadd zrem zcard zscore zcount zlexcount zrange zrevrange zrangebyscore zrevrangebyscore zrangebylex zremrangebyscore zremrangebyrank zpopmin bzpopmin zrank',
  'xadd xtrim xlen xrange xrevrange xread xdel',
].flatMap((line) => line.split(' '));

/** Rules for `ACL SETUSER`, from nothing: on, one password, own keys, these commands. @param prefix of the node's queues */
export function nodeRules(prefix: string, password: string): string[] {
  return ['reset', 'on', `>${password}`, `~${prefix}:*`, '&*', ...commands.map((command) => `+${command}`)];
}

/** Name of a node's user at the broker. */
export const userName = (nodeId: string): string => `node:${nodeId}`;
