/**
 * Every command that random programs use, with its options, in the language of grammar.ts. Left out, each for a reason: what answers
 * with facts of the server (INFO, CLIENT LIST, OBJECT, MEMORY, CONFIG, COMMAND, SLOWLOG, ACL, TIME, …: differential-*.test.ts has them).
 * Random replies (SRANDMEMBER and the like) are compared by what must hold for both, see comparison.ts.
 */

export const STRING_LINES = `
SET skey value (NX|XX)? GET? (EX seconds|PX ms|EXAT later|PXAT laterms|KEEPTTL)?
SET skey value
(GET|STRLEN|GETDEL|INCR|DECR) skey
GETEX skey (EX seconds|PX ms|EXAT at|PXAT atms|PERSIST)?
(APPEND|GETSET|SETNX) skey value
(INCRBY|DECRBY) skey int
INCRBYFLOAT skey decimal
SETRANGE skey offset value
(GETRANGE|SUBSTR) skey int int
(SETEX) skey seconds value
PSETEX skey ms value
MGET skey+
(MSET|MSETNX) (skey value)+
LCS skey skey (LEN|IDX|(IDX MINMATCHLEN int)|(IDX WITHMATCHLEN))?
SETBIT skey offset bit
GETBIT skey offset
BITCOUNT skey (index index (BYTE|BIT)?)?
BITPOS skey flag (index (index (BYTE|BIT)?)?)?
BITOP (AND|OR|XOR|NOT) skey skey+
BITFIELD skey ((GET bits bitat)|(SET bits bitat int)|(INCRBY bits bitat int)|(OVERFLOW (WRAP|SAT|FAIL)))+
BITFIELD_RO skey (GET bits bitat)+`;

export const LIST_LINES = `
(LPUSH|RPUSH|LPUSHX|RPUSHX) lkey value+
(LPOP|RPOP) lkey int?
(LRANGE|LTRIM) lkey int int
LREM lkey int value
LSET lkey int value
LINDEX lkey int
LLEN lkey
LINSERT lkey (BEFORE|AFTER) value value
LPOS lkey value (RANK int)? (COUNT nat)? (MAXLEN nat)?
LMOVE lkey lkey end end
RPOPLPUSH lkey lkey
LMPOP lkeys end (COUNT nat)?`;

export const HASH_LINES = `
(HSET|HMSET) hkey (field value)+
(HGET|HEXISTS|HSTRLEN) hkey field
(HDEL|HMGET) hkey field+
HSETNX hkey field value
HINCRBY hkey field int
HINCRBYFLOAT hkey field decimal
(HGETALL|HKEYS|HVALS|HLEN) hkey
HRANDFIELD hkey (int WITHVALUES?)?
HSCAN hkey 0 (MATCH pattern)? COUNT 1000`;

export const SET_LINES = `
(SADD|SREM|SMISMEMBER) ekey member+
(SADD|SREM) ekey value+
SISMEMBER ekey member
(SMEMBERS|SCARD) ekey
SMOVE ekey ekey member
(SINTER|SUNION|SDIFF) ekey+
(SINTERSTORE|SUNIONSTORE|SDIFFSTORE) ekey ekey+
SINTERCARD ekeys (LIMIT nat)?
SPOP ekey 1000
SRANDMEMBER ekey int?
SSCAN ekey 0 (MATCH pattern)? COUNT 1000`;

export const SORTED_SET_LINES = `
ZADD zkey (NX|XX)? (GT|LT)? CH? INCR? (float member)+
ZADD zkey (float member)+
ZINCRBY zkey float member
(ZREM|ZMSCORE) zkey member+
ZSCORE zkey member
(ZRANK|ZREVRANK) zkey member
ZCARD zkey
(ZCOUNT|ZREMRANGEBYSCORE) zkey bound bound
(ZRANGEBYSCORE|ZREVRANGEBYSCORE) zkey bound bound WITHSCORES? (LIMIT int int)?
(ZRANGE|ZREVRANGE) zkey int int WITHSCORES?
ZREMRANGEBYRANK zkey int int
ZRANGE zkey bound bound BYSCORE REV? (LIMIT int int)? WITHSCORES?
ZRANGE zkey int int (REV|(LIMIT int int)) WITHSCORES?
ZRANGESTORE zkey zkey int int REV?
ZRANGESTORE zkey zkey bound bound BYSCORE REV? (LIMIT int int)?
(ZPOPMIN|ZPOPMAX) zkey nat?
ZMPOP zkeys (MIN|MAX) (COUNT nat)?
(ZUNION|ZINTER) zkeys (WEIGHTS float+)? (AGGREGATE (SUM|MIN|MAX))? WITHSCORES?
ZDIFF zkeys WITHSCORES?
(ZUNIONSTORE|ZINTERSTORE) zkey zkeys (WEIGHTS float+)? (AGGREGATE (SUM|MIN|MAX))?
ZDIFFSTORE zkey zkeys
ZINTERCARD zkeys (LIMIT nat)?
ZRANDMEMBER zkey (int WITHSCORES?)?
ZSCAN zkey 0 (MATCH pattern)? COUNT 1000
ZADD ykey CH? 0 member 0 member
(ZLEXCOUNT|ZREMRANGEBYLEX) ykey lex lex
(ZRANGEBYLEX|ZREVRANGEBYLEX) ykey lex lex (LIMIT int int)?
ZRANGE ykey lex lex BYLEX REV? (LIMIT int int)?
ZREM ykey member+`;

export const STREAM_LINES = `
XADD xkey NOMKSTREAM? ((MAXLEN|MINID) =? nat)? id (field value)+
XADD xkey id (field value)+
XADD xkey MAXLEN ~ nat LIMIT nat id field value
XTRIM xkey (MAXLEN|MINID) (=|~)? nat (LIMIT nat)?
XDEL xkey id+
XLEN xkey
(XRANGE|XREVRANGE) xkey edge edge (COUNT int)?
XREAD (COUNT int)? STREAMS xkey id
XREAD STREAMS xkey xkey id id
XSETID xkey id (ENTRIESADDED int)? (MAXDELETEDID id)?
XGROUP CREATE xkey group (id|$) MKSTREAM? (ENTRIESREAD int)?
XGROUP SETID xkey group (id|$) (ENTRIESREAD int)?
XGROUP DESTROY xkey group
XGROUP (CREATECONSUMER|DELCONSUMER) xkey group consumer
XREADGROUP GROUP group consumer (COUNT int)? NOACK? STREAMS xkey (>|id)
XREADGROUP GROUP group consumer STREAMS xkey xkey (>|id) >
XACK xkey group id+
XPENDING xkey group
XPENDING xkey group (IDLE 0)? edge edge nat consumer?
XCLAIM xkey group consumer (0|9999999) id+ (RETRYCOUNT nat)? FORCE? JUSTID? (LASTID id)?
XAUTOCLAIM xkey group consumer (0|9999999) edge (COUNT nat)? JUSTID?
XINFO STREAM xkey (FULL (COUNT nat)?)?
XINFO GROUPS xkey
XINFO CONSUMERS xkey group`;

export const KEY_LINES = `
(DEL|UNLINK|EXISTS|TOUCH) key+
(TYPE|PERSIST|TTL|PTTL|EXPIRETIME|PEXPIRETIME) key
(RENAME|RENAMENX) key key
COPY key key (DB db)? REPLACE?
MOVE key db
EXPIRE key seconds (NX|XX)?
PEXPIRE key ms (NX|XX)?
EXPIREAT key at (NX|XX|GT|LT)?
PEXPIREAT key atms (NX|XX|GT|LT)?
(SORT|SORT_RO) (lkey|ekey|zkey) (BY by)? (GET get)* (ASC|DESC)? ALPHA?
SORT (lkey|zkey) (LIMIT int int)? DESC? ALPHA? (STORE lkey)?
KEYS pattern
SCAN 0 (MATCH pattern)? (TYPE type)? COUNT 1000
RANDOMKEY
DBSIZE
ECHO value
PING value?`;

/** Commands that change which database or connection state counts; kept seldom. */
export const SESSION_LINES = `
SELECT db
SWAPDB db db
FLUSHDB (SYNC|ASYNC)?
WATCH key+
UNWATCH
MULTI
EXEC
DISCARD
(PUBLISH|SPUBLISH) channel value
PUBSUB CHANNELS channels?
PUBSUB NUMSUB channel*
PUBSUB NUMPAT
PUBSUB (SHARDCHANNELS channels?|SHARDNUMSUB channel*)
CLIENT SETNAME member
CLIENT GETNAME
NOSUCH value`;

/** Commands that wait; the second client's. Time-outs of 0 end with the program. */
export const BLOCKING_LINES = `
(BLPOP|BRPOP) lwait+ 0
BLMOVE lwait lkey end end 0
BRPOPLPUSH lwait lkey 0
BLMPOP 0 lwaits end (COUNT nat)?
(BZPOPMIN|BZPOPMAX) zwait+ 0
BZMPOP 0 zwaits (MIN|MAX) (COUNT nat)?
XREAD (COUNT nat)? BLOCK 0 STREAMS xkey (id|$)
XREADGROUP GROUP group consumer BLOCK 0 STREAMS xkey (>|id)`;

export const SUBSCRIBER_LINES = `
(SUBSCRIBE|SSUBSCRIBE) channel+
PSUBSCRIBE channels+
(UNSUBSCRIBE|SUNSUBSCRIBE) channel+
PUNSUBSCRIBE channels+
PING value?
GET skey`;
