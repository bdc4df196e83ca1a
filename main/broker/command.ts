/**
 * What a command is: data (name, arity, flags, keys, categories, summary, complexity, reply) plus a handler, declared once in a table
 * at the top of each family's file. Dispatch, COMMAND, ACL categories, key extraction and docs/BROKER.md follow from it.
 *
 * Table lines read: name | arity | flags | keys | categories | since | complexity | reply | summary. Subcommands are `container|sub`.
 * Keys are a list of specs: an access letter (R read, W write, B both, N neither) followed by `first`, `first,last,step`,
 * `n<index>` (a number of keys stands at index) or `streams` (after the STREAMS keyword, the first half), `store` (after STORE).
 */
import { type ErrorReply, type Reply, unknownSubcommand, wrongArity } from './replies.ts';
import type { Session } from './session.ts';

export type Handler = (session: Session, argv: readonly string[]) => Reply;

export type KeyAccess = 'R' | 'W' | 'B' | 'N';

export interface KeySpec {
  readonly access: KeyAccess;
  readonly kind: 'range' | 'numkeys' | 'streams' | 'store';
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

function parseKeySpec(text: string): KeySpec {
  const access = text[0];
  if (access !== 'R' && access !== 'W' && access !== 'B' && access !== 'N') throw new Error(`bad key spec ${text}`);
  const rest = text.slice(1);
  if (rest === 'streams' || rest === 'store') return { access, kind: rest, first: 0, last: 0, step: 1 };
  if (rest.startsWith('n')) return { access, kind: 'numkeys', first: Number(rest.slice(1)), last: 0, step: 1 };
  const [first = Number.NaN, last = first, step = 1] = rest.split(',').map(Number);
  if (Number.isNaN(first)) throw new Error(`bad key spec ${text}`);
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
  const [name = '', arity = '', flagText = '', keys = '', categories = '-', since = '', complexity = '', reply = ''] =
    columns;
  const summary = columns.slice(8).join(' | ');
  if (columns.length < 9 || !Number.isInteger(Number(arity))) throw new Error(`bad command line: ${line}`);
  const flags = new Set(flagText === '-' ? [] : flagText.split(' '));
  return {
    name,
    group,
    arity: Number(arity),
    flags,
    keys: keys === '-' ? [] : keys.split(' ').map(parseKeySpec),
    categories: categoriesOf(flags, categories),
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
    const run = handlers[name] ?? containerHandler(container, subcommands);
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

function containerHandler(container: string, subcommands: ReadonlyMap<string, Command>): Handler {
  return (session, argv) => {
    const sub = argv[1] ?? '';
    if (sub.toLowerCase() === 'help' && argv.length > 2) throw wrongArity(`${container}|help`);
    if (sub.toLowerCase() === 'help') return helpOf(container, subcommands);
    const command = subcommands.get(sub.toLowerCase());
    if (command === undefined) throw unknownSubcommand(sub, container);
    return command.run(session, argv);
  };
}

function helpOf(container: string, subcommands: ReadonlyMap<string, Command>): Reply {
  const lines: Reply[] = [`${container.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`];
  for (const [name, sub] of subcommands) lines.push(name.toUpperCase(), `    ${sub.summary}`);
  lines.push('HELP', '    Print this help.');
  return lines;
}

/** The command (or subcommand) that an argument list names. */
export function resolveSubcommand(command: Command, argv: readonly string[]): Command | ErrorReply {
  if (command.subcommands.size === 0 || argv.length < 2) return command;
  const name = (argv[1] ?? '').toLowerCase();
  const sub = command.subcommands.get(name);
  if (sub !== undefined) return sub;
  return name === 'help' ? command : unknownSubcommand(argv[1] ?? '', command.name);
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

/** The keys of a request with how each is used. A malformed number of keys yields none: the handler will complain. */
export function keysOf(command: Command, argv: readonly string[]): KeyUse[] {
  const uses: KeyUse[] = [];
  for (const spec of command.keys) {
    const { first, last, step } = rangeOf(spec, argv);
    for (let i = first; i <= last && i < argv.length; i += step) uses.push({ key: argv[i] ?? '', access: spec.access });
  }
  return uses;
}

function rangeOf(spec: KeySpec, argv: readonly string[]): { first: number; last: number; step: number } {
  const none = { first: 1, last: 0, step: 1 };
  if (spec.kind === 'range') {
    return { first: spec.first, last: spec.last < 0 ? argv.length + spec.last : spec.last, step: spec.step };
  }
  if (spec.kind === 'numkeys') {
    const count = Number(argv[spec.first] ?? '0');
    if (!Number.isInteger(count) || count < 0 || spec.first + count >= argv.length) return none;
    return { first: spec.first + 1, last: spec.first + count, step: 1 };
  }
  const word = spec.kind.toUpperCase();
  const at = argv.findIndex((arg, index) => index > 0 && arg.toUpperCase() === word);
  if (at < 0) return none;
  if (spec.kind === 'store') return { first: at + 1, last: at + 1, step: 1 };
  return { first: at + 1, last: at + Math.floor((argv.length - at - 1) / 2), step: 1 };
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
