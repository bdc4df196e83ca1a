/** The ACL commands. The rules themselves are in ../acl.ts. */
import type { Handler } from '../command.ts';
import { resolveSubcommand } from '../command.ts';
import { integer, integerIn } from '../numbers.ts';
import { ErrorReply, err, MapReply, OK, type Reply, SetReply } from '../replies.ts';
import { randomHex } from './random.ts';
import { at, upper } from './support.ts';

const whoami: Handler = (session) => session.user.name;

const getuser: Handler = (session, argv) => {
  const { acl } = session.engine;
  const user = acl.get(at(argv, 2));
  if (user === undefined) return null;
  const flags = [user.enabled ? 'on' : 'off', ...(user.noPassword ? ['nopass'] : []), 'sanitize-payload'];
  return new MapReply([
    'flags',
    new SetReply(flags),
    'passwords',
    [...user.passwords],
    'commands',
    acl.describeCommands(user),
    'keys',
    acl.describeKeys(user),
    'channels',
    user.allChannels ? '&*' : user.channelPatterns.map((each) => `&${each.text}`).join(' '),
    'selectors',
    [],
  ]);
};

const setuser: Handler = (session, argv) => {
  const user = session.engine.acl.setUser(at(argv, 2), argv.slice(3));
  if (!user.enabled) session.engine.killUser(user.name);
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
  const { denials } = session.engine.acl;
  if (upper(argv, 2) === 'RESET') {
    denials.length = 0;
    return OK;
  }
  const count = argv.length > 2 ? integerIn(at(argv, 2), 0, 1e9, err('value is out of range, must be positive')) : 10;
  return denials
    .slice(0, count)
    .map(
      (each): Reply =>
        new MapReply([
          'count',
          each.count,
          'reason',
          each.reason,
          'context',
          each.context,
          'object',
          each.object,
          'username',
          each.username,
          'age-seconds',
          String((Date.now() - each.atMs) / 1000),
          'client-info',
          '',
        ]),
    );
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
  const refusal = acl.refusal(user, command, request);
  return refusal === undefined ? OK : refusal.error.replace(/^NOPERM /, '');
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
