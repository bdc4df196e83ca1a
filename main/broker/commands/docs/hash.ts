/** Arguments and history of the hash commands for COMMAND DOCS, as in Redis 7.2 (BSD-3-Clause); the notation is command-docs.ts's. */
export const hashDocs = `
hdel key:#0 field:string+
  2.4.0: Accepts multiple \`field\` arguments.
hexists key:#0 field:string
hget key:#0 field:string
hgetall key:#0
hincrby key:#0 field:string increment:integer
hincrbyfloat key:#0 field:string increment:double
hkeys key:#0
hlen key:#0
hmget key:#0 field:string+
hmset key:#0 data(field:string value:string)+
  deprecated 4.0.0: \`HSET\` with multiple field-value pairs
hrandfield key:#0 options(count:integer withvalues"WITHVALUES"?)?
hscan key:#0 cursor:integer pattern:"MATCH"? count:integer"COUNT"?
hset key:#0 data(field:string value:string)+
  4.0.0: Accepts multiple \`field\` and \`value\` arguments.
hsetnx key:#0 field:string value:string
hstrlen key:#0 field:string
hvals key:#0
`;
