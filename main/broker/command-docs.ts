/**
 * What COMMAND DOCS says beyond the command table: arguments and history, parsed at the first request from the texts in commands/docs.
 *
 * A line names a command and its arguments; indented lines below it are its history (`6.2.0: text`) or its deprecation. An argument is
 * a name, then `:type` (`:` alone when the type has the same name), `(…)` for a block, `<…>` for a choice, or nothing for a bare token;
 * then, each only where it applies: `"TOKEN"`, `#` key spec, `?` optional, `+` repeated, `*` token repeated too, `@` since,
 * `!` deprecated since, `/` text to display where it is not the name.
 */
import { bitmapDocs } from './commands/docs/bitmap.ts';
import { connectionDocs } from './commands/docs/connection.ts';
import { hashDocs } from './commands/docs/hash.ts';
import { keysDocs } from './commands/docs/keys.ts';
import { listDocs } from './commands/docs/list.ts';
import { pubsubDocs } from './commands/docs/pubsub.ts';
import { scriptingDocs } from './commands/docs/scripting.ts';
import { serverDocs } from './commands/docs/server.ts';
import { setDocs } from './commands/docs/set.ts';
import { sortedSetDocs } from './commands/docs/sorted-set.ts';
import { streamDocs } from './commands/docs/stream.ts';
import { stringDocs } from './commands/docs/string.ts';
import { transactionsDocs } from './commands/docs/transactions.ts';

const TEXTS = [
  bitmapDocs,
  connectionDocs,
  hashDocs,
  keysDocs,
  listDocs,
  pubsubDocs,
  scriptingDocs,
  serverDocs,
  setDocs,
  sortedSetDocs,
  streamDocs,
  stringDocs,
  transactionsDocs,
];

export interface Argument {
  readonly name: string;
  readonly type: string;
  readonly parts: readonly Argument[];
  readonly token: string | undefined;
  readonly keySpec: number | undefined;
  readonly flags: readonly string[];
  readonly since: string | undefined;
  readonly deprecatedSince: string | undefined;
  readonly display: string | undefined;
}

export interface CommandDocs {
  readonly arguments: readonly Argument[];
  readonly history: (readonly [version: string, text: string])[];
  deprecated: { readonly since: string; readonly instead: string } | undefined;
}

const HEAD = /([a-z0-9_-]+)(?::([a-z-]*))?([(<])?/iy;
const TAIL = /(?:"([^"]*)")?(?:#(\d+))?(\?)?(\+)?(\*)?(?:@([\d.]+))?(?:!([\d.]+))?(?:\/([^ )>]+))?/y;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  if (found === null) throw new Error(`bad command docs at ${at}: ${text}`);
  return found;
}

const GROUP_TYPES: Readonly<Record<string, string>> = { '(': 'block', '<': 'oneof' };

/** Reads arguments from `at` to the closing bracket or the end; returns them and where they end. */
function parseArguments(text: string, start: number): { list: Argument[]; end: number } {
  const list: Argument[] = [];
  let at = start;
  while (at < text.length && text[at] !== ')' && text[at] !== '>') {
    if (text[at] === ' ') {
      at++;
      continue;
    }
    const [head, name = '', type, bracket] = matchAt(HEAD, text, at);
    at += head.length;
    const inner = bracket === undefined ? undefined : parseArguments(text, at);
    if (inner !== undefined) at = inner.end + 1;
    const [tail, token, keySpec, optional, multiple, multipleToken, since, deprecatedSince, display] = matchAt(
      TAIL,
      text,
      at,
    );
    at += tail.length;
    const flags: string[] = [];
    if (optional) flags.push('optional');
    if (multiple) flags.push('multiple');
    if (multipleToken) flags.push('multiple_token');
    list.push({
      name,
      type: GROUP_TYPES[bracket ?? ''] ?? (type === undefined ? 'pure-token' : type || name),
      parts: inner?.list ?? [],
      token,
      keySpec: keySpec === undefined ? undefined : Number(keySpec),
      flags,
      since,
      deprecatedSince,
      display: display ?? (bracket === undefined ? name : undefined),
    });
  }
  return { list, end: at };
}

function parseText(text: string, into: Map<string, CommandDocs>): void {
  let current: CommandDocs | undefined;
  for (const line of text.split('\n')) {
    const note = /^ {2}(deprecated )?([\d.]+): (.*)$/.exec(line);
    const [, deprecated, version = '', words = ''] = note ?? [];
    if (deprecated !== undefined && current !== undefined) current.deprecated = { since: version, instead: words };
    else if (note !== null) current?.history.push([version, words]);
    else if (line !== '') {
      const [name = ''] = line.split(' ', 1);
      current = { arguments: parseArguments(line, name.length).list, history: [], deprecated: undefined };
      into.set(name, current);
    }
  }
}

/** All documented commands by name (`config|get` for a subcommand). */
export function parseCommandDocs(): ReadonlyMap<string, CommandDocs> {
  const out = new Map<string, CommandDocs>();
  for (const text of TEXTS) parseText(text, out);
  return out;
}
