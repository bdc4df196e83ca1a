/**
 * What a command is: data (name, arity, flags, keys, categories, hints, since, complexity, reply, summary) plus a handler, declared once
 * in a table at the top of each family's file. Dispatch, COMMAND, ACL categories, key extraction and docs/BROKER.md follow from it.
 *
 * Table lines read: name | arity | flags | keys | categories | hints | since | complexity | reply | summary; subcommands are
 * `container|sub`. Values are those of Redis 7.2; `categories` lists only what does not follow from the flags, `-` stands for none.
 * A key spec is `RWau:1,-1,2`: how the command touches the key (RO, RW, OW or RM) and why (letters of KEY_FLAGS), then where it stands:
 * `first`, `first,last`, `first,last,step`, `n<index>` (a number of keys stands at index), `streams,<from>` (after STREAMS, the first
 * half), `store` (after the last STORE), `unknown` (named by data, so nobody can tell).
 */
import { type ErrorReply, type Reply, Status, unknownSubcommand, wrongArity } from './replies.ts';
import type { Session } from './session.ts';

export type Handler = (session: Session, argv: readonly string[]) => Reply;

/** Why a key is touched, by the letter of the key spec. */
const KEY_FLAGS: Readonly<Record<string, string>> = {
  a: 'access',
  u: 'update',
  i: 'insert',
  d: 'delete',
  n: 'not_key',
  v: 'variable_flags',
};

/** How a key is used: what ACL rules look at, and the words of COMMAND GETKEYSANDFLAGS. */
export interface KeyAccess {
  readonly flags: readonly string[];
  /** The value is looked at and comes back. */
  readonly reads: boolean;
  readonly writes: boolean;
  /** The arguments decide (SET, BITFIELD). */
  readonly varies: boolean;
  /** The name of a shard channel stands there. */
  readonly isChannel: boolean;
}

export interface KeySpec {
  readonly access: KeyAccess;
  readonly kind: 'range' | 'numkeys' | 'streams' | 'store' | 'unknown';
  readonly first: number;
  /** Negative counts from the end. */
  readonly last: number;
  readonly step: number;
}

export interface Command {
  /** Lower case; `config|get` for a subcommand. */
  readonly name: string;
  readonly group: string;
  /** Exact number of arguments including the name, or minus the least number. */
  readonly arity: number;
  readonly flags: ReadonlySet<string>;
  readonly keys: readonly KeySpec[];
  readonly categories: ReadonlySet<string>;
  /** Redis's command tips, for proxies and clients. */
  readonly hints: readonly string[];
  readonly since: string;
  readonly complexity: string;
  readonly reply: string;
  readonly summary: string;
  readonly run: Handler;
  readonly subcommands: ReadonlyMap<string, Command>;
  /** Flags that every call looks at, unpacked. */
  readonly writes: boolean;
  readonly denyOom: boolean;
  readonly noScript: boolean;
  readonly noAuth: boolean;
  readonly mayRunInSubscribe: boolean;
  /** Place in the table of all commands: the bit in a user's set of allowed commands. */
  id: number;
  readonly stats: { calls: number; failed: number; rejected: number };
}

export interface KeyUse {
  readonly key: string;
  readonly access: KeyAccess;
}

function parseAccess(text: string): KeyAccess {
  const parts = /^(RO|RW|OW|RM|)([a-z]*)$/.exec(text);
  const reasons = [...(parts?.[2] ?? '?')].map((letter) => KEY_FLAGS[letter]);
  const known = reasons.filter((reason) => reason !== undefined);
  if (known.length < reasons.length) throw new Error(`bad key access ${text}`);
  return {
    flags: [...(parts?.[1] ? [parts[1]] : []), ...known],
    reads: known.includes('access'),
    writes: known.some((reason) => reason === 'update' || reason === 'insert' || reason === 'delete'),
    varies: known.includes('variable_flags'),
    isChannel: known.includes('not_key'),
  };
}

function parseKeySpec(text: string): KeySpec {
  const colon = text.indexOf(':');
  const access = parseAccess(text.slice(0, colon));
  const place = text.slice(colon + 1);
  if (place === 'store' || place === 'unknown') return { access, kind: place, first: 0, last: 0, step: 1 };
  const [word = '', ...numbers] = place.split(',');
  if (word === 'streams') return { access, kind: 'streams', first: Number(numbers[0]), last: -1, step: 1 };
  if (word.startsWith('n')) return { access, kind: 'numkeys', first: Number(word.slice(1)), last: 0, step: 1 };
  const [first = Number.NaN, last = first, step = 1] = [word, ...numbers].map(Number);
  if (colon < 0 || Number.isNaN(first)) throw new Error(`bad key spec ${text}`);
  return { access, kind: 'range', first, last, step };
}

/** Which words of the flags column are passed on by COMMAND; @fast and @slow derive from `fast`. */
function categoriesOf(flags: ReadonlySet<string>, extra: string): Set<string> {
  const out = new Set(extra === '-' ? [] : extra.split(' '));
  if (flags.has('write')) out.add('write');
  if (flags.has('readonly') && !out.has('scripting')) out.add('read');
  if (flags.has('admin')) out.add('admin').add('dangerous');
  if (flags.has('pubsub')) out.add('pubsub');
  if (flags.has('blocking')) out.add('blocking');
  out.add(flags.has('fast') ? 'fast' : 'slow');
  return out;
}

function parseLine(group: string, line: string, run: Handler, subcommands: ReadonlyMap<string, Command>): Command {
  const columns = line.split(' | ').map((column) => column.trim());
  const [name = '', arity = '', flagText = '', keys = '', categories = '-', hints = '-'] = columns;
  const [since = '', complexity = '', reply = '', summary = ''] = columns.slice(6);
  if (columns.length !== 10 || !Number.isInteger(Number(arity))) throw new Error(`bad command line: ${line}`);
  const flags = new Set(flagText === '-' ? [] : flagText.split(' '));
  return {
    name,
    group,
    arity: Number(arity),
    flags,
    keys: keys === '-' ? [] : keys.split(' ').map(parseKeySpec),
    categories: categoriesOf(flags, categories),
    hints: hints === '-' ? [] : hints.split(' '),
    since,
    complexity,
    reply,
    summary,
    run,
    subcommands,
    writes: flags.has('write'),
    denyOom: flags.has('denyoom'),
    noScript: flags.has('noscript'),
    noAuth: flags.has('no_auth'),
    mayRunInSubscribe: flags.has('in_subscribe'),
    id: 0,
    stats: { calls: 0, failed: 0, rejected: 0 },
  };
}

/** Turns a family's table and its handlers into commands; a line without a handler, or the reverse, is an error at start. */
export function declareCommands(group: string, table: string, handlers: Readonly<Record<string, Handler>>): Command[] {
  const lines = table.split('\n').filter((line) => line.trim() !== '');
  const unused = new Set(Object.keys(handlers));
  const commands: Command[] = [];
  const subsOf = new Map<string, Map<string, Command>>();
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(' ')).trim();
    const [container = '', sub] = name.split('|');
    const subcommands = new Map<string, Command>();
    unused.delete(name);
    const run = handlers[name] ?? (sub === 'help' ? helpHandler(container, subsOf) : refuseContainer);
    const command = parseLine(group, line, run, subcommands);
    if (sub !== undefined) {
      const siblings = subsOf.get(container);
      if (siblings === undefined) throw new Error(`subcommand ${name} before its container`);
      siblings.set(sub, command);
    } else {
      subsOf.set(container, subcommands);
      commands.push(command);
    }
  }
  for (const command of commands) {
    if (handlers[command.name] === undefined && command.subcommands.size === 0)
      throw new Error(`no handler for ${command.name}`);
  }
  if (unused.size > 0) throw new Error(`handlers without a line: ${[...unused].join(', ')}`);
  return commands;
}

/** A container's arity asks for a subcommand, and the subcommand runs in its place: this is never reached. */
const refuseContainer: Handler = (_session, argv) => unknownSubcommand(argv[1] ?? '', argv[0] ?? '');

function helpHandler(container: string, subsOf: ReadonlyMap<string, ReadonlyMap<string, Command>>): Handler {
  return () => {
    const lines = [`${container.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`];
    for (const [name, { summary }] of subsOf.get(container) ?? []) {
      if (name !== 'help') lines.push(name.toUpperCase(), `    ${summary}`);
    }
    return [...lines, 'HELP', '    Print this help.'].map((line) => new Status(line));
  };
}

/** The command (or subcommand) that an argument list names. */
export function resolveSubcommand(command: Command, argv: readonly string[]): Command | ErrorReply {
  if (command.subcommands.size === 0 || argv.length < 2) return command;
  const name = (argv[1] ?? '').toLowerCase();
  return command.subcommands.get(name) ?? unknownSubcommand(argv[1] ?? '', command.name);
}

/** The arity error of a command, or undefined when the count is right. */
export function arityError(command: Command, count: number): ErrorReply | undefined {
  const { arity } = command;
  return arity >= 0
    ? count === arity
      ? undefined
      : wrongArity(command.name)
    : count >= -arity
      ? undefined
      : wrongArity(command.name);
}

/** The keys of a request with how each is used (channels are no keys). A malformed number of keys yields none: the handler will complain. */
export function keysOf(command: Command, argv: readonly string[]): KeyUse[] {
  const uses: KeyUse[] = [];
  for (const spec of command.keys) {
    if (spec.access.isChannel) continue;
    const { first, last, step } = rangeOf(spec, argv);
    const access = spec.access.varies ? accessByArguments(command.name, argv) : spec.access;
    for (let i = first; i <= last && i < argv.length; i += step) uses.push({ key: argv[i] ?? '', access });
  }
  return uses;
}

const READ_ONLY = parseAccess('ROa');
const WRITE_ONLY = parseAccess('OWu');
const READ_AND_WRITE = parseAccess('RWau');

/** Where the arguments decide: SET reads only with GET, BITFIELD writes only with a subcommand other than GET. */
function accessByArguments(name: string, argv: readonly string[]): KeyAccess {
  const words = argv.slice(2).map((arg) => arg.toUpperCase());
  if (name === 'set') return words.includes('GET', 1) ? READ_AND_WRITE : WRITE_ONLY;
  return words.includes('SET') || words.includes('INCRBY') ? READ_AND_WRITE : READ_ONLY;
}

interface KeyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

const NO_KEYS: KeyRange = { first: 1, last: 0, step: 1 };

function rangeOf(spec: KeySpec, argv: readonly string[]): KeyRange {
  if (spec.kind === 'range') {
    return { first: spec.first, last: spec.last < 0 ? argv.length + spec.last : spec.last, step: spec.step };
  }
  if (spec.kind === 'numkeys') {
    const count = Number(argv[spec.first] ?? '0');
    if (!Number.isInteger(count) || count < 0 || spec.first + count >= argv.length) return NO_KEYS;
    return { first: spec.first + 1, last: spec.first + count, step: 1 };
  }
  if (spec.kind === 'unknown') return NO_KEYS;
  return spec.kind === 'streams' ? streamKeys(argv) : storeKey(argv);
}

/** How many arguments follow an option before its next one: option values must not be taken for the words that introduce keys. */
const READ_OPTIONS: Readonly<Record<string, number>> = { BLOCK: 1, COUNT: 1, GROUP: 2, NOACK: 0 };
const SORT_OPTIONS: Readonly<Record<string, number>> = { LIMIT: 2, GET: 1, BY: 1 };

function streamKeys(argv: readonly string[]): KeyRange {
  let at = 1;
  for (; at < argv.length; at++) {
    const word = (argv[at] ?? '').toUpperCase();
    if (word === 'STREAMS') return { first: at + 1, last: at + Math.floor((argv.length - at - 1) / 2), step: 1 };
    const values = READ_OPTIONS[word];
    if (values === undefined) break;
    at += values;
  }
  return NO_KEYS;
}

/** The last STORE counts. */
function storeKey(argv: readonly string[]): KeyRange {
  let range = NO_KEYS;
  for (let at = 2; at < argv.length; at++) {
    const word = (argv[at] ?? '').toUpperCase();
    if (word === 'STORE') range = { first: at + 1, last: at + 1, step: 1 };
    else at += SORT_OPTIONS[word] ?? 0;
  }
  return range;
}

/** All commands by name, as written and in capitals, so that the usual spellings cost one look-up. */
export class CommandTable {
  private readonly bySpelling = new Map<string, Command>();
  readonly all: readonly Command[];
  /** Commands and subcommands, in the order of their ids. */
  readonly byId: readonly Command[];

  constructor(commands: readonly Command[]) {
    const byId: Command[] = [];
    for (const command of commands) {
      if (this.bySpelling.has(command.name)) throw new Error(`command ${command.name} declared twice`);
      this.bySpelling.set(command.name, command);
      this.bySpelling.set(command.name.toUpperCase(), command);
      for (const each of [command, ...command.subcommands.values()]) {
        each.id = byId.length;
        byId.push(each);
      }
    }
    this.all = commands;
    this.byId = byId;
  }

  get(name: string): Command | undefined {
    return this.bySpelling.get(name) ?? this.bySpelling.get(name.toLowerCase());
  }
}
