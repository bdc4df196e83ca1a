/** COMMAND: the command table as clients see it. */
import { type Command, type Handler, type KeySpec, keysOf, resolveSubcommand } from '../command.ts';
import { compileGlob } from '../glob.ts';
import { ErrorReply, err, MapReply, type Reply, SetReply, Status, SYNTAX } from '../replies.ts';
import type { Session } from '../session.ts';
import { at, upper } from './support.ts';

const statuses = (words: Iterable<string>): Reply => new SetReply([...words].map((word) => new Status(word)));

const ACCESS_FLAGS: Readonly<Record<string, readonly string[]>> = {
  R: ['RO', 'access'],
  W: ['OW', 'update'],
  B: ['RW', 'access', 'update'],
  N: ['RO'],
};

function keySpecReply(spec: KeySpec): Reply {
  const keyword = spec.kind === 'streams' || spec.kind === 'store';
  const begin: Reply = keyword
    ? new MapReply(['type', 'keyword', 'spec', new MapReply(['keyword', spec.kind.toUpperCase(), 'startfrom', 1])])
    : new MapReply(['type', 'index', 'spec', new MapReply(['index', spec.first])]);
  const last = spec.last < 0 ? spec.last : spec.last - spec.first;
  const find: Reply =
    spec.kind === 'numkeys'
      ? new MapReply(['type', 'keynum', 'spec', new MapReply(['keynumidx', 0, 'firstkey', 1, 'keystep', 1])])
      : new MapReply([
          'type',
          'range',
          'spec',
          new MapReply([
            'lastkey',
            spec.kind === 'streams' ? -1 : last,
            'keystep',
            spec.step,
            'limit',
            spec.kind === 'streams' ? 2 : 0,
          ]),
        ]);
  return new MapReply(['flags', statuses(ACCESS_FLAGS[spec.access] ?? []), 'begin_search', begin, 'find_keys', find]);
}

const HIDDEN_FLAGS = new Set(['no_multi_queue', 'in_subscribe']);

function infoOf(command: Command): Reply {
  const range = command.keys.find(({ kind }) => kind === 'range');
  const movable = command.keys.some(({ kind }) => kind !== 'range');
  const flags = [...command.flags].filter((flag) => !HIDDEN_FLAGS.has(flag));
  if (movable) flags.push('movablekeys');
  const lastRange = command.keys.filter(({ kind }) => kind === 'range').at(-1);
  return [
    command.name,
    command.arity,
    statuses(flags),
    range?.first ?? 0,
    lastRange?.last ?? 0,
    range?.step ?? 0,
    statuses([...command.categories].map((category) => `@${category}`)),
    [],
    command.keys.map(keySpecReply),
    [...command.subcommands.values()].map(infoOf),
  ];
}

function docsOf(command: Command): Reply {
  const items: Reply[] = [
    'summary',
    command.summary,
    'since',
    command.since,
    'group',
    command.group,
    'complexity',
    command.complexity,
  ];
  if (command.subcommands.size > 0) {
    items.push(
      'subcommands',
      new MapReply([...command.subcommands.values()].flatMap((sub) => [sub.name, docsOf(sub)])),
    );
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
  if (command.keys.length === 0) throw err('The command has no key arguments');
  if (request.length < Math.abs(command.arity)) throw err('Invalid number of arguments specified for command');
  const uses = keysOf(command, request);
  if (uses.length === 0) throw err('The command has no key arguments');
  return uses;
}

const docs: Handler = (session, argv) => {
  const commands = argv.length === 2 ? session.engine.table.all : argv.slice(2).map((name) => find(session, name));
  return new MapReply(commands.flatMap((command) => (command === undefined ? [] : [command.name, docsOf(command)])));
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
    keyUses(session, argv).map(({ key, access }) => [key, statuses(ACCESS_FLAGS[access] ?? [])]),
  'command|info': (session, argv) => {
    if (argv.length === 2) return session.engine.table.all.map(infoOf);
    return argv.slice(2).map((name) => {
      const command = find(session, name);
      return command === undefined ? null : infoOf(command);
    });
  },
  'command|list': list,
} satisfies Record<string, Handler>;
