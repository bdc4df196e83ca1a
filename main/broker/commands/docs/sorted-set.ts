/** Arguments and history of the sorted set commands for COMMAND DOCS, as in Redis 7.2 (BSD-3-Clause); the notation is command-docs.ts's. */
export const sortedSetDocs = `
bzmpop timeout:double numkeys:integer key:#0+ where<min"MIN" max"MAX"> count:integer"COUNT"?
bzpopmax key:#0+ timeout:double
  6.0.0: \`timeout\` is interpreted as a double instead of an integer.
bzpopmin key:#0+ timeout:double
  6.0.0: \`timeout\` is interpreted as a double instead of an integer.
zadd key:#0 condition<nx"NX" xx"XX">?@3.0.2 comparison<gt"GT" lt"LT">?@6.2.0 change"CH"?@3.0.2 increment"INCR"?@3.0.2 data(score:double member:string)+
  2.4.0: Accepts multiple elements.
  3.0.2: Added the \`XX\`, \`NX\`, \`CH\` and \`INCR\` options.
  6.2.0: Added the \`GT\` and \`LT\` options.
zcard key:#0
zcount key:#0 min:double max:double
zdiff numkeys:integer key:#0+ withscores"WITHSCORES"?
zdiffstore destination:key#0 numkeys:integer key:#1+
zincrby key:#0 increment:integer member:string
zinter numkeys:integer key:#0+ weight:integer"WEIGHTS"?+ aggregate<sum"SUM" min"MIN" max"MAX">"AGGREGATE"? withscores"WITHSCORES"?
zintercard numkeys:integer key:#0+ limit:integer"LIMIT"?
zinterstore destination:key#0 numkeys:integer key:#1+ weight:integer"WEIGHTS"?+ aggregate<sum"SUM" min"MIN" max"MAX">"AGGREGATE"?
zlexcount key:#0 min:string max:string
zmpop numkeys:integer key:#0+ where<min"MIN" max"MAX"> count:integer"COUNT"?
zmscore key:#0 member:string+
zpopmax key:#0 count:integer?
zpopmin key:#0 count:integer?
zrandmember key:#0 options(count:integer withscores"WITHSCORES"?)?
zrange key:#0 start:string stop:string sortby<byscore"BYSCORE" bylex"BYLEX">?@6.2.0 rev"REV"?@6.2.0 limit(offset:integer count:integer)"LIMIT"?@6.2.0 withscores"WITHSCORES"?
  6.2.0: Added the \`REV\`, \`BYSCORE\`, \`BYLEX\` and \`LIMIT\` options.
zrangebylex key:#0 min:string max:string limit(offset:integer count:integer)"LIMIT"?
  deprecated 6.2.0: \`ZRANGE\` with the \`BYLEX\` argument
zrangebyscore key:#0 min:double max:double withscores"WITHSCORES"?@2.0.0 limit(offset:integer count:integer)"LIMIT"?
  deprecated 6.2.0: \`ZRANGE\` with the \`BYSCORE\` argument
  2.0.0: Added the \`WITHSCORES\` modifier.
zrangestore dst:key#0 src:key#1 min:string max:string sortby<byscore"BYSCORE" bylex"BYLEX">? rev"REV"? limit(offset:integer count:integer)"LIMIT"?
zrank key:#0 member:string withscore"WITHSCORE"?
  7.2.0: Added the optional \`WITHSCORE\` argument.
zrem key:#0 member:string+
  2.4.0: Accepts multiple elements.
zremrangebylex key:#0 min:string max:string
zremrangebyrank key:#0 start:integer stop:integer
zremrangebyscore key:#0 min:double max:double
zrevrange key:#0 start:integer stop:integer withscores"WITHSCORES"?
  deprecated 6.2.0: \`ZRANGE\` with the \`REV\` argument
zrevrangebylex key:#0 max:string min:string limit(offset:integer count:integer)"LIMIT"?
  deprecated 6.2.0: \`ZRANGE\` with the \`REV\` and \`BYLEX\` arguments
zrevrangebyscore key:#0 max:double min:double withscores"WITHSCORES"? limit(offset:integer count:integer)"LIMIT"?
  deprecated 6.2.0: \`ZRANGE\` with the \`REV\` and \`BYSCORE\` arguments
  2.1.6: \`min\` and \`max\` can be exclusive.
zrevrank key:#0 member:string withscore"WITHSCORE"?
  7.2.0: Added the optional \`WITHSCORE\` argument.
zscan key:#0 cursor:integer pattern:"MATCH"? count:integer"COUNT"?
zscore key:#0 member:string
zunion numkeys:integer key:#0+ weight:integer"WEIGHTS"?+ aggregate<sum"SUM" min"MIN" max"MAX">"AGGREGATE"? withscores"WITHSCORES"?
zunionstore destination:key#0 numkeys:integer key:#1+ weight:integer"WEIGHTS"?+ aggregate<sum"SUM" min"MIN" max"MAX">"AGGREGATE"?
`;
