/** Arguments and history of the connection commands for COMMAND DOCS, as in Redis 7.2 (BSD-3-Clause); the notation is command-docs.ts's. */
export const connectionDocs = `
auth username:string?@6.0.0 password:string
  6.0.0: Added ACL style (username and password).
client|kill filter<old-format:string!2.8.12/ip:port new-format<client-id:integer"ID"?@2.8.12 client-type<normal"NORMAL" master"MASTER"@3.2.0 slave"SLAVE" replica"REPLICA"@5.0.0 pubsub"PUBSUB">"TYPE"?@2.8.12 username:string"USER"? addr:string"ADDR"?/ip:port laddr:string"LADDR"?@6.2.0/ip:port skipme<yes"YES" no"NO">"SKIPME"?>+>
  2.8.12: Added new filter format.
  2.8.12: \`ID\` option.
  3.2.0: Added \`master\` type in for \`TYPE\` option.
  5.0.0: Replaced \`slave\` \`TYPE\` with \`replica\`. \`slave\` still supported for backward compatibility.
  6.2.0: \`LADDR\` option.
client|list client-type<normal"NORMAL" master"MASTER" replica"REPLICA" pubsub"PUBSUB">"TYPE"?@5.0.0 client-id:integer"ID"?+@6.2.0
  2.8.12: Added unique client \`id\` field.
  5.0.0: Added optional \`TYPE\` filter.
  6.0.0: Added \`user\` field.
  6.2.0: Added \`argv-mem\`, \`tot-mem\`, \`laddr\` and \`redir\` fields and the optional \`ID\` filter.
  7.0.0: Added \`resp\`, \`multi-mem\`, \`rbs\` and \`rbp\` fields.
  7.0.3: Added \`ssub\` field.
client|no-evict enabled<on"ON" off"OFF">
client|no-touch enabled<on"ON" off"OFF">
client|pause timeout:integer mode<write"WRITE" all"ALL">?@6.2.0
  6.2.0: \`CLIENT PAUSE WRITE\` mode added along with the \`mode\` option.
client|reply action<on"ON" off"OFF" skip"SKIP">
client|setinfo attr<libname:string"LIB-NAME" libver:string"LIB-VER">
client|setname connection-name:string
client|unblock client-id:integer unblock-type<timeout"TIMEOUT" error"ERROR">?
echo message:string
hello arguments(protover:integer auth(username:string password:string)"AUTH"? clientname:string"SETNAME"?)?
  6.2.0: \`protover\` made optional; when called without arguments the command reports the current connection's context.
ping message:string?
quit
  deprecated 7.2.0: just closing the connection
select index:integer
`;
