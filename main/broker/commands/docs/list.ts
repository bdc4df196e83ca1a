/** Arguments and history of the list commands for COMMAND DOCS, as in Redis 7.2 (BSD-3-Clause); the notation is command-docs.ts's. */
export const listDocs = `
blmove source:key#0 destination:key#1 wherefrom<left"LEFT" right"RIGHT"> whereto<left"LEFT" right"RIGHT"> timeout:double
blmpop timeout:double numkeys:integer key:#0+ where<left"LEFT" right"RIGHT"> count:integer"COUNT"?
blpop key:#0+ timeout:double
  6.0.0: \`timeout\` is interpreted as a double instead of an integer.
brpop key:#0+ timeout:double
  6.0.0: \`timeout\` is interpreted as a double instead of an integer.
brpoplpush source:key#0 destination:key#1 timeout:double
  deprecated 6.2.0: \`BLMOVE\` with the \`RIGHT\` and \`LEFT\` arguments
  6.0.0: \`timeout\` is interpreted as a double instead of an integer.
lindex key:#0 index:integer
linsert key:#0 where<before"BEFORE" after"AFTER"> pivot:string element:string
llen key:#0
lmove source:key#0 destination:key#1 wherefrom<left"LEFT" right"RIGHT"> whereto<left"LEFT" right"RIGHT">
lmpop numkeys:integer key:#0+ where<left"LEFT" right"RIGHT"> count:integer"COUNT"?
lpop key:#0 count:integer?@6.2.0
  6.2.0: Added the \`count\` argument.
lpos key:#0 element:string rank:integer"RANK"? num-matches:integer"COUNT"? len:integer"MAXLEN"?
lpush key:#0 element:string+
  2.4.0: Accepts multiple \`element\` arguments.
lpushx key:#0 element:string+
  4.0.0: Accepts multiple \`element\` arguments.
lrange key:#0 start:integer stop:integer
lrem key:#0 count:integer element:string
lset key:#0 index:integer element:string
ltrim key:#0 start:integer stop:integer
rpop key:#0 count:integer?@6.2.0
  6.2.0: Added the \`count\` argument.
rpoplpush source:key#0 destination:key#1
  deprecated 6.2.0: \`LMOVE\` with the \`RIGHT\` and \`LEFT\` arguments
rpush key:#0 element:string+
  2.4.0: Accepts multiple \`element\` arguments.
rpushx key:#0 element:string+
  4.0.0: Accepts multiple \`element\` arguments.
`;
