/** COMMAND: the command table as clients see it. */
import { arityError, type Command, type Handler, type KeySpec, keysOf, resolveSubcommand } from '../command.ts';
import { type Argument, type CommandDocs, parseCommandDocs } from '../command-docs.ts';
import { compileGlob } from '../glob.ts';
import { ErrorReply, err, MapReply, type Reply, SetReply, Status, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import { at, upper } from './support.ts';

const statuses = (words: Iterable<string>): Reply => new SetReply([...words].map((word) => new Status(word)));

/** Where a key spec begins and how far it reaches, as COMMAND tells it. */
function placeReply(spec: KeySpec): { begin: Reply; find: Reply } {
  const typed = (type: string, ...items: Reply[]): Reply => new MapReply(['type', type, 'spec', new MapReply(items)]);
  const index = typed('index', 'index', spec.first);
  if (spec.kind === 'unknown' || spec.kind === 'store') return { begin: typed('unknown'), find: typed('unknown') };
  if (spec.kind === 'streams') {
    const find = typed('range', 'lastkey', -1, 'keystep', 1, 'limit', 2);
    return { begin: typed('keyword', 'keyword', 'STREAMS', 'startfrom', spec.first), find };
  }
  if (spec.kind === 'numkeys')
    return { begin: index, find: typed('keynum', 'keynumidx', 0, 'firstkey', 1, 'keystep', 1) };
  const last = spec.last < 0 ? spec.last : spec.last - spec.first;
  return { begin: index, find: typed('range', 'lastkey', last, 'keystep', spec.step, 'limit', 0) };
}

function keySpecReply(spec: KeySpec): Reply {
  const { begin, find } = placeReply(spec);
  return new MapReply(['flags', statuses(spec.access.flags), 'begin_search', begin, 'find_keys', find]);
}

/** Flags of the table that only this broker looks at. */
const HIDDEN_FLAGS = new Set(['no_multi_queue', 'in_subscribe']);

/** First, last and step of the old form of key positions: all that stand in ranges from the first key spec on. */
function oldKeyRange(command: Command): readonly [number, number, number] {
  const ranges = command.keys.filter(({ kind }) => kind === 'range');
  const [first] = ranges;
  if (first === undefined) return [0, 0, 0];
  const last = ranges.reduce((to, each) => (each.last < 0 ? each.last : Math.max(to, each.last)), 0);
  return [first.first, last, first.step];
}

function infoOf(command: Command): Reply {
  const flags = [...command.flags].filter((flag) => !HIDDEN_FLAGS.has(flag));
  if (command.keys.some(({ kind }) => kind !== 'range')) flags.push('movablekeys');
  return [
    command.name,
    command.arity,
    statuses(flags),
    ...oldKeyRange(command),
    statuses([...command.categories].map((category) => `@${category}`)),
    new SetReply(command.hints),
    new SetReply(command.keys.map(keySpecReply)),
    new SetReply([...command.subcommands.values()].map(infoOf)),
  ];
}

function argumentReply(argument: Argument): Reply {
  const items: Reply[] = ['name', argument.name, 'type', argument.type];
  const add = (key: string, value: Reply | undefined): void => {
    if (value !== undefined) items.push(key, value);
  };
  add('display_text', argument.display);
  add('key_spec_index', argument.keySpec);
  add('token', argument.token);
  add('since', argument.since);
  add('deprecated_since', argument.deprecatedSince);
  if (argument.flags.length > 0) add('flags', statuses(argument.flags));
  if (argument.parts.length > 0) add('arguments', argument.parts.map(argumentReply));
  return new MapReply(items);
}

type AllDocs = ReadonlyMap<string, CommandDocs>;

function docsOf(command: Command, all: AllDocs): Reply {
  const { name, summary, since, group, complexity, subcommands } = command;
  const items: Reply[] = ['summary', summary, 'since', since, 'group', group];
  if (complexity !== '-') items.push('complexity', complexity);
  const docs = all.get(name);
  if (docs?.deprecated !== undefined) {
    const { since: deprecatedSince, instead } = docs.deprecated;
    items.push('doc_flags', statuses(['deprecated']), 'deprecated_since', deprecatedSince, 'replaced_by', instead);
  }
  if (docs !== undefined && docs.history.length > 0) items.push('history', new SetReply(docs.history));
  if (docs !== undefined && docs.arguments.length > 0) items.push('arguments', docs.arguments.map(argumentReply));
  if (subcommands.size > 0) {
    items.push('subcommands', new MapReply([...subcommands.values()].flatMap((sub) => [sub.name, docsOf(sub, all)])));
  }
  return new MapReply(items);
}

function find(session: Session, name: string): Command | undefined {
  const [container = '', sub] = name.toLowerCase().split('|');
  const command = session.engine.table.get(container);
  return sub === undefined ? command : command?.subcommands.get(sub);
}

const list: Handler = (session, argv) => {
  const all = session.engine.table.all;
  if (argv.length === 2) return all.map(({ name }) => name);
  if (argv.length !== 5 || upper(argv, 2) !== 'FILTERBY') throw SYNTAX;
  const kind = upper(argv, 3);
  const value = at(argv, 4);
  if (kind === 'MODULE') return [];
  if (kind === 'ACLCAT')
    return session.engine.table.byId.filter((each) => each.categories.has(value.toLowerCase())).map(({ name }) => name);
  if (kind !== 'PATTERN') throw SYNTAX;
  const matches = compileGlob(value, true);
  return session.engine.table.byId.map(({ name }) => name).filter(matches);
};

function keyUses(session: Session, argv: readonly string[]): ReturnType<typeof keysOf> {
  const request = argv.slice(2);
  const container = session.engine.table.get(at(request, 0));
  if (container === undefined) throw err('Invalid command specified');
  const command = resolveSubcommand(container, request);
  if (command instanceof ErrorReply) throw err('Invalid command specified');
  if (command.keys.every(({ access }) => access.isChannel)) throw err('The command has no key arguments');
  if (arityError(command, request.length) !== undefined) throw err('Invalid number of arguments specified for command');
  const uses = keysOf(command, request);
  if (uses.length === 0 && !command.flags.has('no_mandatory_keys'))
    throw err('Invalid arguments specified for command');
  return uses;
}

const docs: Handler = (session, argv) => {
  const commands = argv.length === 2 ? session.engine.table.all : argv.slice(2).map((name) => find(session, name));
  const all = parseCommandDocs();
  return new MapReply(
    commands.flatMap((command) => (command === undefined ? [] : [command.name, docsOf(command, all)])),
  );
};

export const commandHandlers = {
  command: (session, argv) => {
    if (argv.length > 1) throw err(`unknown subcommand '${at(argv, 1)}'. Try COMMAND HELP.`);
    return session.engine.table.all.map(infoOf);
  },
  'command|count': (session) => session.engine.table.all.length,
  'command|docs': docs,
  'command|getkeys': (session, argv) => keyUses(session, argv).map(({ key }) => key),
  'command|getkeysandflags': (session, argv) =>
    keyUses(session, argv).map(({ key, access }) => [key, statuses(access.flags)]),
  'command|info': (session, argv) => {
    if (argv.length === 2) return session.engine.table.all.map(infoOf);
    return argv.slice(2).map((name) => {
      const command = find(session, name);
      return command === undefined ? null : infoOf(command);
    });
  },
  'command|list': list,
} satisfies Record<string, Handler>;
