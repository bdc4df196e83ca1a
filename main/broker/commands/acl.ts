/** The ACL commands. The rules themselves are in ../acl.ts. */
import type { Selector } from '../acl-selector.ts';
import { arityError, type Handler, resolveSubcommand } from '../command.ts';
import { integer, integerIn } from '../numbers.ts';
import {
  DoubleReply,
  ErrorReply,
  err,
  MapReply,
  NOT_INTEGER,
  OK,
  type Reply,
  SetReply,
  wrongArity,
} from '../replies.ts';
import { changeUser } from '../rights.ts';
import { randomHex } from './random.ts';
import { at, upper } from './support.ts';

const whoami: Handler = (session) => session.user.name;

const describeSelector = (selector: Selector): Reply[] => [
  'commands',
  selector.describeCommands(),
  'keys',
  selector.describeKeys(),
  'channels',
  selector.describeChannels(),
];

const getuser: Handler = (session, argv) => {
  const { acl } = session.engine;
  const user = acl.get(at(argv, 2));
  if (user === undefined) return null;
  const [own, ...others] = user.selectors;
  return new MapReply([
    'flags',
    new SetReply(acl.flagsOf(user)),
    'passwords',
    [...user.passwords],
    ...describeSelector(own),
    'selectors',
    others.map((selector) => new MapReply(describeSelector(selector))),
  ]);
};

const setuser: Handler = (session, argv) => {
  changeUser(session.engine, at(argv, 2), argv.slice(3), session);
  return OK;
};

const deluser: Handler = (session, argv) => {
  let removed = 0;
  for (const name of argv.slice(2)) {
    if (name === 'default') throw err("The 'default' user cannot be removed");
    if (session.engine.acl.deleteUser(name) === undefined) continue;
    removed++;
    if (session.user.name === name) session.port?.closeAfterReplies();
    session.engine.killUser(name, session);
  }
  return removed;
};

const cat: Handler = (session, argv) => {
  const { byId } = session.engine.table;
  if (argv.length === 2) return [...new Set(byId.flatMap((command) => [...command.categories]))].sort();
  const category = at(argv, 2).toLowerCase();
  const found = byId.filter((command) => command.categories.has(category)).map(({ name }) => name);
  if (found.length === 0) throw err(`Unknown category '${at(argv, 2)}'`);
  return found;
};

const GENPASS_RANGE = err(
  'ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096',
);

const genpass: Handler = (_session, argv) => {
  const bits = argv.length > 2 ? integer(at(argv, 2)) : 256;
  if (bits < 1 || bits > 4096) throw GENPASS_RANGE;
  return randomHex(Math.ceil(bits / 4));
};

const log: Handler = (session, argv) => {
  const { acl, clock } = session.engine;
  if (argv.length > 3) throw wrongArity('acl|log');
  if (upper(argv, 2) === 'RESET') {
    acl.log.clear();
    return OK;
  }
  const count = argv.length > 2 ? integerIn(at(argv, 2), -1, 1e9, NOT_INTEGER) : 10;
  return acl.log.entries.slice(0, Math.max(0, count)).map((each): Reply => {
    const fields: readonly (readonly [string, Reply])[] = [
      ['count', each.count],
      ['reason', each.reason],
      ['context', each.context],
      ['object', each.object],
      ['username', each.username],
      ['age-seconds', new DoubleReply((clock.nowMs() - each.updatedAtMs) / 1000)],
      ['client-info', each.clientInfo],
      ['entry-id', each.id],
      ['timestamp-created', each.createdAtMs],
      ['timestamp-last-updated', each.updatedAtMs],
    ];
    return new MapReply(fields.flat());
  });
};

const dryrun: Handler = (session, argv) => {
  const { acl, table } = session.engine;
  const user = acl.get(at(argv, 2));
  if (user === undefined) throw err(`User '${at(argv, 2)}' not found`);
  const request = argv.slice(3);
  const container = table.get(at(request, 0));
  if (container === undefined) throw err(`Command '${at(request, 0)}' not found`);
  const command = resolveSubcommand(container, request);
  if (command instanceof ErrorReply) throw command;
  const arity = arityError(command, request.length);
  if (arity !== undefined) throw arity;
  const denial = acl.check(user, command, request);
  if (denial === undefined) return OK;
  const { reason, object } = denial;
  if (reason === 'command') return `User ${user.name} has no permissions to run the '${object}' command`;
  return `User ${user.name} has no permissions to access the '${object}' ${reason}`;
};

const fileless = (): Reply =>
  err(
    'This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.',
  );

export const aclHandlers = {
  'acl|cat': cat,
  'acl|deluser': deluser,
  'acl|dryrun': dryrun,
  'acl|genpass': genpass,
  'acl|getuser': getuser,
  'acl|list': (session) => session.engine.acl.users.map((user) => session.engine.acl.describe(user)),
  'acl|load': fileless,
  'acl|log': log,
  'acl|save': fileless,
  'acl|setuser': setuser,
  'acl|users': (session) => session.engine.acl.users.map(({ name }) => name),
  'acl|whoami': whoami,
} satisfies Record<string, Handler>;
