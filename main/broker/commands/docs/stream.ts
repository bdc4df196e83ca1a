/** Arguments and history of the stream commands for COMMAND DOCS, as in Redis 7.2 (BSD-3-Clause); the notation is command-docs.ts's. */
export const streamDocs = `
xack key:#0 group:string id:string+
xadd key:#0 nomkstream"NOMKSTREAM"?@6.2.0 trim(strategy<maxlen"MAXLEN" minid"MINID"@6.2.0> operator<equal"=" approximately"~">? threshold:string count:integer"LIMIT"?@6.2.0)? id-selector<auto-id"*" id:string> data(field:string value:string)+
  6.2.0: Added the \`NOMKSTREAM\` option, \`MINID\` trimming strategy and the \`LIMIT\` option.
  7.0.0: Added support for the \`<ms>-*\` explicit ID form.
xautoclaim key:#0 group:string consumer:string min-idle-time:string start:string count:integer"COUNT"? justid"JUSTID"?
  7.0.0: Added an element to the reply array, containing deleted entries the command cleared from the PEL
xclaim key:#0 group:string consumer:string min-idle-time:string id:string+ ms:integer"IDLE"? unix-time-milliseconds:unix-time"TIME"? count:integer"RETRYCOUNT"? force"FORCE"? justid"JUSTID"? lastid:string"LASTID"?
xdel key:#0 id:string+
xgroup|create key:#0 group:string id-selector<id:string new-id"$"> mkstream"MKSTREAM"? entries-read:integer"ENTRIESREAD"?
  7.0.0: Added the \`entries_read\` named argument.
xgroup|createconsumer key:#0 group:string consumer:string
xgroup|delconsumer key:#0 group:string consumer:string
xgroup|destroy key:#0 group:string
xgroup|setid key:#0 group:string id-selector<id:string new-id"$"> entriesread:integer"ENTRIESREAD"?/entries-read
  7.0.0: Added the optional \`entries_read\` argument.
xinfo|consumers key:#0 group:string
  7.2.0: Added the \`inactive\` field.
xinfo|groups key:#0
  7.0.0: Added the \`entries-read\` and \`lag\` fields
xinfo|stream key:#0 full-block(full"FULL" count:integer"COUNT"?)?
  6.0.0: Added the \`FULL\` modifier.
  7.0.0: Added the \`max-deleted-entry-id\`, \`entries-added\`, \`recorded-first-entry-id\`, \`entries-read\` and \`lag\` fields
  7.2.0: Added the \`active-time\` field, and changed the meaning of \`seen-time\`.
xlen key:#0
xpending key:#0 group:string filters(min-idle-time:integer"IDLE"?@6.2.0 start:string end:string count:integer consumer:string?)?
  6.2.0: Added the \`IDLE\` option and exclusive range intervals.
xrange key:#0 start:string end:string count:integer"COUNT"?
  6.2.0: Added exclusive ranges.
xread count:integer"COUNT"? milliseconds:integer"BLOCK"? streams(key:#0+ id:string+)"STREAMS"
xreadgroup group-block(group:string consumer:string)"GROUP" count:integer"COUNT"? milliseconds:integer"BLOCK"? noack"NOACK"? streams(key:#0+ id:string+)"STREAMS"
xrevrange key:#0 end:string start:string count:integer"COUNT"?
  6.2.0: Added exclusive ranges.
xsetid key:#0 last-id:string entries-added:integer"ENTRIESADDED"?@7.0.0 max-deleted-id:string"MAXDELETEDID"?@7.0.0
  7.0.0: Added the \`entries_added\` and \`max_deleted_entry_id\` arguments.
xtrim key:#0 trim(strategy<maxlen"MAXLEN" minid"MINID"@6.2.0> operator<equal"=" approximately"~">? threshold:string count:integer"LIMIT"?@6.2.0)
  6.2.0: Added the \`MINID\` trimming strategy and the \`LIMIT\` option.
`;
