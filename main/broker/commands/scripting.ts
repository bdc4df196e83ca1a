/** EVAL and SCRIPT. Running is lua-host's. */
import { declareCommands, type Handler } from '../command.ts';
import { integer } from '../numbers.ts';
import * as replies from '../replies.ts';
import { err, OK, type Reply, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import { at, upper } from './support.ts';

const TABLE = `
eval | -3 | noscript stale skip_monitor no_mandatory_keys | RWau:n2 | scripting | - | 2.6.0 | Depends on the script that is executed. | any | Executes a server-side Lua script.
eval_ro | -3 | readonly noscript stale skip_monitor no_mandatory_keys | ROa:n2 | scripting | - | 7.0.0 | Depends on the script that is executed. | any | Executes a read-only server-side Lua script.
evalsha | -3 | noscript stale skip_monitor no_mandatory_keys | RWau:n2 | scripting | - | 2.6.0 | Depends on the script that is executed. | any | Executes a server-side Lua script by SHA1 digest.
evalsha_ro | -3 | readonly noscript stale skip_monitor no_mandatory_keys | ROa:n2 | scripting | - | 7.0.0 | Depends on the script that is executed. | any | Executes a read-only server-side Lua script by SHA1 digest.
script | -2 | - | - | - | - | 2.6.0 | Depends on subcommand. | container | A container for Lua scripts management commands.
script|debug | 3 | noscript | - | scripting | - | 3.2.0 | O(1) | status | Sets the debug mode of server-side Lua scripts.
script|exists | -3 | noscript | - | scripting | request_policy:all_shards response_policy:agg_logical_and | 2.6.0 | O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation). | array | Determines whether server-side Lua scripts exist in the script cache.
script|flush | -2 | noscript | - | scripting | request_policy:all_nodes response_policy:all_succeeded | 2.6.0 | O(N) with N being the number of scripts in cache | status | Removes all server-side Lua scripts from the script cache.
script|help | 2 | loading stale | - | scripting | - | 5.0.0 | O(1) | array | Returns helpful text about the different subcommands.
script|kill | 2 | noscript allow_busy | - | scripting | request_policy:all_shards response_policy:one_succeeded | 2.6.0 | O(1) | status | Terminates a server-side Lua script during execution.
script|load | 3 | noscript stale | - | scripting | request_policy:all_nodes response_policy:all_succeeded | 2.6.0 | O(N) with N being the length in bytes of the script body. | bulk | Loads a server-side Lua script to the script cache.
`;

function run(session: Session, argv: readonly string[], sha: string, readOnly: boolean): Reply {
  const numkeys = integer(at(argv, 2));
  if (numkeys > argv.length - 3) throw replies.TOO_MANY_KEYS;
  if (numkeys < 0) throw replies.NEGATIVE_KEYS;
  const keys = argv.slice(3, 3 + numkeys);
  const args = argv.slice(3 + numkeys);
  const reply = session.engine.lua.run(session, sha, keys, args, readOnly);
  if (reply === undefined) throw replies.NO_SCRIPT;
  return reply;
}

const evaluating =
  (readOnly: boolean): Handler =>
  (session, argv) => {
    const numkeys = integer(at(argv, 2));
    if (numkeys > argv.length - 3) throw replies.TOO_MANY_KEYS;
    if (numkeys < 0) throw replies.NEGATIVE_KEYS;
    return run(session, argv, session.engine.lua.load(at(argv, 1)), readOnly);
  };

const bySha =
  (readOnly: boolean): Handler =>
  (session, argv) =>
    run(session, argv, at(argv, 1), readOnly);

const flush: Handler = (session, argv) => {
  const mode = upper(argv, 2);
  if (argv.length > 3 || (argv.length === 3 && mode !== 'SYNC' && mode !== 'ASYNC')) {
    throw err('SCRIPT FLUSH only support SYNC|ASYNC option');
  }
  session.engine.lua.flush();
  return OK;
};

const debug: Handler = (_session, argv) => {
  if (!['YES', 'SYNC', 'NO'].includes(upper(argv, 2))) throw err('Use SCRIPT DEBUG YES/SYNC/NO');
  if (upper(argv, 2) !== 'NO') throw SYNTAX;
  return OK;
};

export const scriptingCommands = declareCommands('scripting', TABLE, {
  eval: evaluating(false),
  eval_ro: evaluating(true),
  evalsha: bySha(false),
  evalsha_ro: bySha(true),
  'script|debug': debug,
  'script|exists': (session, argv) => argv.slice(2).map((sha) => (session.engine.lua.has(sha) ? 1 : 0)),
  'script|flush': flush,
  'script|kill': (session) => {
    session.engine.scripts.kill();
    return OK;
  },
  'script|load': (session, argv) => session.engine.lua.load(at(argv, 2)),
});
