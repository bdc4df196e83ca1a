/** Arguments and history of the scripting commands for COMMAND DOCS, as in Redis 7.2 (BSD-3-Clause); the notation is command-docs.ts's. */
export const scriptingDocs = `
eval script:string numkeys:integer key:#0?+ arg:string?+
eval_ro script:string numkeys:integer key:#0?+ arg:string?+
evalsha sha1:string numkeys:integer key:#0?+ arg:string?+
evalsha_ro sha1:string numkeys:integer key:#0?+ arg:string?+
script|debug mode<yes"YES" sync"SYNC" no"NO">
script|exists sha1:string+
script|flush flush-type<async"ASYNC" sync"SYNC">?@6.2.0
  6.2.0: Added the \`ASYNC\` and \`SYNC\` flushing mode modifiers.
script|load script:string
`;
