/** Arguments and history of the server commands for COMMAND DOCS, as in Redis 7.2 (BSD-3-Clause); the notation is command-docs.ts's. */
export const serverDocs = `
acl|cat category:string?
acl|deluser username:string+
acl|dryrun username:string command:string arg:string?+
acl|genpass bits:integer?
acl|getuser username:string
  6.2.0: Added Pub/Sub channel patterns.
  7.0.0: Added selectors and changed the format of key and channel patterns from a list to their rule representation.
acl|log operation<count:integer reset"RESET">?
  7.2.0: Added entry ID, timestamp created, and timestamp last updated.
acl|setuser username:string rule:string?+
  6.2.0: Added Pub/Sub channel patterns.
  7.0.0: Added selectors and key based permissions.
bgsave schedule"SCHEDULE"?@3.2.2
  3.2.2: Added the \`SCHEDULE\` option.
command|docs command-name:string?+
command|getkeys command:string arg:string?+
command|getkeysandflags command:string arg:string?+
command|info command-name:string?+
  7.0.0: Allowed to be called with no argument to get info on all commands.
command|list filterby<module-name:string"MODULE" category:string"ACLCAT" pattern:"PATTERN">"FILTERBY"?
config|get parameter:string+
  7.0.0: Added the ability to pass multiple pattern parameters in one call
config|set data(parameter:string value:string)+
  7.0.0: Added the ability to set multiple parameters in one call.
flushall flush-type<async"ASYNC"@4.0.0 sync"SYNC"@6.2.0>?
  4.0.0: Added the \`ASYNC\` flushing mode modifier.
  6.2.0: Added the \`SYNC\` flushing mode modifier.
flushdb flush-type<async"ASYNC"@4.0.0 sync"SYNC"@6.2.0>?
  4.0.0: Added the \`ASYNC\` flushing mode modifier.
  6.2.0: Added the \`SYNC\` flushing mode modifier.
info section:string?+
  7.0.0: Added support for taking multiple section arguments.
lolwut version:integer"VERSION"?
memory|usage key:#0 count:integer"SAMPLES"?
shutdown save-selector<nosave"NOSAVE" save"SAVE">? now"NOW"?@7.0.0 force"FORCE"?@7.0.0 abort"ABORT"?@7.0.0
  7.0.0: Added the \`NOW\`, \`FORCE\` and \`ABORT\` modifiers.
slowlog|get count:integer?
  4.0.0: Added client IP address, port and name to the reply.
swapdb index1:integer index2:integer
`;
