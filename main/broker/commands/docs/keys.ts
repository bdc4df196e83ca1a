/** Arguments and history of the keys commands for COMMAND DOCS, as in Redis 7.2 (BSD-3-Clause); the notation is command-docs.ts's. */
export const keysDocs = `
copy source:key#0 destination:key#1 destination-db:integer"DB"? replace"REPLACE"?
del key:#0+
exists key:#0+
  3.0.3: Accepts multiple \`key\` arguments.
expire key:#0 seconds:integer condition<nx"NX" xx"XX" gt"GT" lt"LT">?@7.0.0
  7.0.0: Added options: \`NX\`, \`XX\`, \`GT\` and \`LT\`.
expireat key:#0 unix-time-seconds:unix-time condition<nx"NX" xx"XX" gt"GT" lt"LT">?@7.0.0
  7.0.0: Added options: \`NX\`, \`XX\`, \`GT\` and \`LT\`.
expiretime key:#0
keys pattern:
move key:#0 db:integer
object|encoding key:#0
object|freq key:#0
object|idletime key:#0
object|refcount key:#0
persist key:#0
pexpire key:#0 milliseconds:integer condition<nx"NX" xx"XX" gt"GT" lt"LT">?@7.0.0
  7.0.0: Added options: \`NX\`, \`XX\`, \`GT\` and \`LT\`.
pexpireat key:#0 unix-time-milliseconds:unix-time condition<nx"NX" xx"XX" gt"GT" lt"LT">?@7.0.0
  7.0.0: Added options: \`NX\`, \`XX\`, \`GT\` and \`LT\`.
pexpiretime key:#0
pttl key:#0
  2.8.0: Added the -2 reply.
rename key:#0 newkey:key#1
renamenx key:#0 newkey:key#1
  3.2.0: The command no longer returns an error when source and destination names are the same.
scan cursor:integer pattern:"MATCH"? count:integer"COUNT"? type:string"TYPE"?@6.0.0
  6.0.0: Added the \`TYPE\` subcommand.
sort key:#0 by-pattern:pattern"BY"#1?/pattern limit(offset:integer count:integer)"LIMIT"? get-pattern:pattern"GET"#1?+*/pattern order<asc"ASC" desc"DESC">? sorting"ALPHA"? destination:key"STORE"#2?
sort_ro key:#0 by-pattern:pattern"BY"#1?/pattern limit(offset:integer count:integer)"LIMIT"? get-pattern:pattern"GET"#1?+*/pattern order<asc"ASC" desc"DESC">? sorting"ALPHA"?
touch key:#0+
ttl key:#0
  2.8.0: Added the -2 reply.
type key:#0
unlink key:#0+
wait numreplicas:integer timeout:integer
`;
