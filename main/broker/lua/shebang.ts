/** The first line `#!lua flags=…` of a Redis 7 script, with Redis's errors. */

/** Flags of that line. */
export type ScriptFlag = 'no-writes' | 'allow-oom' | 'allow-stale' | 'no-cluster' | 'allow-cross-slot-keys';

const FLAGS: readonly ScriptFlag[] = ['no-writes', 'allow-oom', 'allow-stale', 'no-cluster', 'allow-cross-slot-keys'];
const FLAGS_OPTION = 'flags=';

/** Thrown by `compile`; the message is the whole error reply ("ERR Error compiling script (new function): …"). */
export class LuaCompileError extends Error {
  override readonly name = 'LuaCompileError';
}

/**
 * Splits the shebang line off; the line feed stays, so that line numbers hold.
 * `flags` is null without such a line (Redis's compatibility mode).
 * @throws LuaCompileError
 */
export function readShebang(source: string): { readonly flags: readonly ScriptFlag[] | null; readonly body: string } {
  if (!source.startsWith('#!')) return { flags: null, body: source };
  const end = source.indexOf('\n');
  if (end < 0) throw new LuaCompileError('ERR Invalid script shebang');
  const [engine = '', ...options] = source
    .slice(0, end)
    .split(/[ \t\r]+/)
    .filter((part) => part !== '');
  if (engine !== '#!lua') throw new LuaCompileError(`ERR Unexpected engine in script shebang: ${engine}`);
  const flags: ScriptFlag[] = [];
  for (const option of options) {
    if (!option.startsWith(FLAGS_OPTION)) throw new LuaCompileError(`ERR Unknown lua shebang option: ${option}`);
    const names = option.slice(FLAGS_OPTION.length);
    for (const name of names === '' ? [] : names.split(',')) {
      const flag = FLAGS.find((known) => known === name);
      if (flag === undefined) throw new LuaCompileError(`ERR Unexpected flag in script shebang: ${name}`);
      flags.push(flag);
    }
  }
  return { flags, body: source.slice(end) };
}
