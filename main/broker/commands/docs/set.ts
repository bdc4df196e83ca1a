/** Arguments and history of the set commands for COMMAND DOCS, as in Redis 7.2 (BSD-3-Clause); the notation is command-docs.ts's. */
export const setDocs = `
sadd key:#0 member:string+
  2.4.0: Accepts multiple \`member\` arguments.
scard key:#0
sdiff key:#0+
sdiffstore destination:key#0 key:#1+
sinter key:#0+
sintercard numkeys:integer key:#0+ limit:integer"LIMIT"?
sinterstore destination:key#0 key:#1+
sismember key:#0 member:string
smembers key:#0
smismember key:#0 member:string+
smove source:key#0 destination:key#1 member:string
spop key:#0 count:integer?@3.2.0
  3.2.0: Added the \`count\` argument.
srandmember key:#0 count:integer?@2.6.0
  2.6.0: Added the optional \`count\` argument.
srem key:#0 member:string+
  2.4.0: Accepts multiple \`member\` arguments.
sscan key:#0 cursor:integer pattern:"MATCH"? count:integer"COUNT"?
sunion key:#0+
sunionstore destination:key#0 key:#1+
`;
