/** EVAL and SCRIPT. Running is lua-host's. */
import { declareCommands, type Handler } from '../command.ts';
import { integer } from '../numbers.ts';
import * as replies from '../replies.ts';
import { err, OK, type Reply, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import { at, upper } from './support.ts';

const TABLE = `
eval | -3 | noscript stale skip_monitor no_mandatory_keys | Bn2 | scripting | 2.6.0 | Depends on the script that is executed | any | Execute a Lua script server side
eval_ro | -3 | readonly noscript stale skip_monitor no_mandatory_keys | Rn2 | scripting | 7.0.0 | Depends on the script that is executed | any | Execute a read-only Lua script server side
evalsha | -3 | noscript stale skip_monitor no_mandatory_keys | Bn2 | scripting | 2.6.0 | Depends on the script that is executed | any | Execute a Lua script server side
evalsha_ro | -3 | readonly noscript stale skip_monitor no_mandatory_keys | Rn2 | scripting | 7.0.0 | Depends on the script that is executed | any | Execute a read-only Lua script server side
script | -2 | - | - | - | 2.6.0 | Depends on subcommand | container | A container for Lua scripts management commands
script|debug | 3 | noscript | - | scripting | 3.2.0 | O(1) | status | Set the debug mode for executed scripts
script|exists | -3 | noscript | - | scripting | 2.6.0 | O(N) | array | Check existence of scripts in the script cache
script|flush | -2 | noscript | - | scripting | 2.6.0 | O(N) | status | Remove all the scripts from the script cache
script|kill | 2 | noscript allow_busy | - | scripting | 2.6.0 | O(1) | status | Kill the script currently in execution
script|load | 3 | noscript stale | - | scripting | 2.6.0 | O(N) | bulk | Load the specified Lua script into the script cache
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
  'script|kill': () => replies.NOT_BUSY,
  'script|load': (session, argv) => session.engine.lua.load(at(argv, 2)),
});
