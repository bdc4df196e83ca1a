/** Arguments and history of the string commands for COMMAND DOCS, as in Redis 7.2 (BSD-3-Clause); the notation is command-docs.ts's. */
export const stringDocs = `
append key:#0 value:string
decr key:#0
decrby key:#0 decrement:integer
get key:#0
getdel key:#0
getex key:#0 expiration<seconds:integer"EX" milliseconds:integer"PX" unix-time-seconds:unix-time"EXAT" unix-time-milliseconds:unix-time"PXAT" persist"PERSIST">?
getrange key:#0 start:integer end:integer
getset key:#0 value:string
  deprecated 6.2.0: \`SET\` with the \`!GET\` argument
incr key:#0
incrby key:#0 increment:integer
incrbyfloat key:#0 increment:double
lcs key1:key#0 key2:key#0 len"LEN"? idx"IDX"? min-match-len:integer"MINMATCHLEN"? withmatchlen"WITHMATCHLEN"?
mget key:#0+
mset data(key:#0 value:string)+
msetnx data(key:#0 value:string)+
psetex key:#0 milliseconds:integer value:string
  deprecated 2.6.12: \`SET\` with the \`PX\` argument
set key:#0 value:string condition<nx"NX" xx"XX">?@2.6.12 get"GET"?@6.2.0 expiration<seconds:integer"EX"@2.6.12 milliseconds:integer"PX"@2.6.12 unix-time-seconds:unix-time"EXAT"@6.2.0 unix-time-milliseconds:unix-time"PXAT"@6.2.0 keepttl"KEEPTTL"@6.0.0>?
  2.6.12: Added the \`EX\`, \`PX\`, \`NX\` and \`XX\` options.
  6.0.0: Added the \`KEEPTTL\` option.
  6.2.0: Added the \`GET\`, \`EXAT\` and \`PXAT\` option.
  7.0.0: Allowed the \`NX\` and \`GET\` options to be used together.
setex key:#0 seconds:integer value:string
  deprecated 2.6.12: \`SET\` with the \`EX\` argument
setnx key:#0 value:string
  deprecated 2.6.12: \`SET\` with the \`NX\` argument
setrange key:#0 offset:integer value:string
strlen key:#0
substr key:#0 start:integer end:integer
  deprecated 2.0.0: \`GETRANGE\`
`;
