/** The connection commands: handshake, authentication, database, CLIENT. */
import { declareCommands, type Handler } from '../command.ts';
import { describeClient } from '../describe-client.ts';
import { SERVER_VERSION } from '../info.ts';
import { integer, integerIn, parseInt64 } from '../numbers.ts';
import * as replies from '../replies.ts';
import { err, MapReply, NO_REPLY, OK, type Reply, Status, SYNTAX } from '../replies.ts';
import { noteDenial } from '../rights.ts';
import type { Session } from '../session.ts';
import { endTransaction } from '../transactions.ts';
import { at, databaseArgument, upper } from './support.ts';
import { timeoutMilliseconds } from './waiting.ts';

const TABLE = `
auth | -2 | noscript loading stale fast no_auth allow_busy | - | connection | - | 1.0.0 | O(N) where N is the number of passwords defined for the user | status | Authenticates the connection.
client | -2 | - | - | - | - | 2.4.0 | Depends on subcommand. | container | A container for client connection commands.
client|getname | 2 | noscript loading stale | - | connection | - | 2.6.9 | O(1) | bulk or null | Returns the name of the connection.
client|getredir | 2 | noscript loading stale | - | connection | - | 6.0.0 | O(1) | integer | Returns the client ID to which the connection's tracking notifications are redirected.
client|help | 2 | loading stale | - | connection | - | 5.0.0 | O(1) | array | Returns helpful text about the different subcommands.
client|id | 2 | noscript loading stale | - | connection | - | 5.0.0 | O(1) | integer | Returns the unique client ID of the connection.
client|info | 2 | noscript loading stale | - | connection | nondeterministic_output | 6.2.0 | O(1) | text | Returns information about the connection.
client|kill | -3 | admin noscript loading stale | - | connection | - | 2.4.0 | O(N) where N is the number of client connections | integer | Terminates open connections.
client|list | -2 | admin noscript loading stale | - | connection | nondeterministic_output | 2.4.0 | O(N) where N is the number of client connections | text | Lists open connections.
client|no-evict | 3 | admin noscript loading stale | - | connection | - | 7.0.0 | O(1) | status | Sets the client eviction mode of the connection.
client|no-touch | 3 | noscript loading stale | - | connection | - | 7.2.0 | O(1) | status | Controls whether commands sent by the client affect the LRU/LFU of accessed keys.
client|pause | -3 | admin noscript loading stale | - | connection | - | 3.0.0 | O(1) | status | Suspends commands processing.
client|reply | 3 | noscript loading stale | - | connection | - | 3.2.0 | O(1) | status | Instructs the server whether to reply to commands.
client|setinfo | 4 | noscript loading stale | - | connection | request_policy:all_nodes response_policy:all_succeeded | 7.2.0 | O(1) | status | Sets information specific to the client or connection.
client|setname | 3 | noscript loading stale | - | connection | request_policy:all_nodes response_policy:all_succeeded | 2.6.9 | O(1) | status | Sets the connection name.
client|trackinginfo | 2 | noscript loading stale | - | connection | - | 6.2.0 | O(1) | map | Returns information about server-assisted client-side caching for the connection.
client|unblock | -3 | admin noscript loading stale | - | connection | - | 5.0.0 | O(log N) where N is the number of client connections | integer | Unblocks a client blocked by a blocking command from a different connection.
client|unpause | 2 | admin noscript loading stale | - | connection | - | 6.2.0 | O(N) Where N is the number of paused clients | status | Resumes processing commands from paused clients.
echo | 2 | loading stale fast | - | connection | - | 1.0.0 | O(1) | bulk | Returns the given string.
hello | -1 | noscript loading stale fast no_auth allow_busy | - | connection | - | 6.0.0 | O(1) | map | Handshakes with the Redis server.
ping | -1 | fast in_subscribe | - | connection | request_policy:all_shards response_policy:all_succeeded | 1.0.0 | O(1) | bulk or array | Returns the server's liveliness response.
quit | -1 | noscript loading stale fast no_auth allow_busy in_subscribe no_multi_queue | - | connection | - | 1.0.0 | O(1) | status | Closes the connection.
readonly | 1 | loading stale fast | - | connection | - | 3.0.0 | O(1) | status | Enables read-only queries for a connection to a Redis Cluster replica node.
readwrite | 1 | loading stale fast | - | connection | - | 3.0.0 | O(1) | status | Enables read-write queries for a connection to a Reids Cluster replica node.
reset | 1 | noscript loading stale fast no_auth allow_busy in_subscribe no_multi_queue | - | connection | - | 6.2.0 | O(1) | status | Resets the connection.
select | 2 | loading stale fast | - | connection | - | 1.0.0 | O(1) | status | Changes the selected database.
`;

/** Authenticates the session or throws WRONGPASS. */
function logIn(session: Session, command: string, name: string, password: string): void {
  const user = session.engine.acl.authenticate(name, password);
  if (user === undefined) {
    noteDenial(session, 'auth', command, session.queue === undefined ? 'toplevel' : 'multi', name);
    throw replies.WRONG_PASS;
  }
  session.user = user;
  session.authenticated = true;
}

const auth: Handler = (session, argv) => {
  if (argv.length > 3) throw SYNTAX;
  if (argv.length === 3) {
    logIn(session, at(argv, 0), at(argv, 1), at(argv, 2));
    return OK;
  }
  if (session.engine.acl.defaultUser.noPassword) throw replies.AUTH_NO_PASSWORD;
  logIn(session, at(argv, 0), 'default', at(argv, 1));
  return OK;
};

function checkName(name: string): void {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < 33 || code > 126) throw err('Client names cannot contain spaces, newlines or special characters.');
  }
}

const hello: Handler = (session, argv) => {
  let resp: 2 | 3 | undefined;
  let name: string | undefined;
  if (argv.length > 1) {
    const version = parseInt64(at(argv, 1));
    if (version === undefined) throw err('Protocol version is not an integer or out of range');
    if (version !== 2 && version !== 3) throw replies.NO_PROTO;
    resp = version;
  }
  let login: readonly [string, string] | undefined;
  for (let i = 2; i < argv.length; i++) {
    const word = upper(argv, i);
    if (word === 'AUTH' && i + 2 < argv.length) {
      login = [at(argv, i + 1), at(argv, i + 2)];
      i += 2;
    } else if (word === 'SETNAME' && i + 1 < argv.length) {
      name = at(argv, ++i);
      checkName(name);
    } else throw err(`Syntax error in HELLO option '${at(argv, i)}'`);
  }
  if (login !== undefined) logIn(session, at(argv, 0), login[0], login[1]);
  if (!session.authenticated) throw replies.HELLO_NO_AUTH;
  if (name !== undefined) session.name = name;
  if (resp !== undefined) session.resp = resp;
  return new MapReply([
    'server',
    'redis',
    'version',
    SERVER_VERSION,
    'proto',
    session.resp,
    'id',
    session.id,
    'mode',
    'standalone',
    'role',
    'master',
    'modules',
    [],
  ]);
};

const ping: Handler = (session, argv) => {
  if (argv.length > 2) throw replies.wrongArity('ping');
  if (session.resp === 2 && session.subscriptions > 0) return ['pong', argv[1] ?? ''];
  return argv.length === 2 ? at(argv, 1) : new Status('PONG');
};

const quit: Handler = (session) => {
  session.port?.send(OK);
  session.port?.closeAfterReplies();
  return NO_REPLY;
};

const reset: Handler = (session) => {
  const { engine } = session;
  endTransaction(session);
  engine.pubsub.forget(session);
  session.db = engine.keyspace.db(0);
  session.resp = 2;
  session.name = '';
  session.replyMode = 'on';
  session.noEvict = false;
  session.user = engine.acl.defaultUser;
  session.authenticated = session.user.noPassword && session.user.enabled;
  return new Status('RESET');
};

const select: Handler = (session, argv) => {
  session.db = databaseArgument(session, at(argv, 1));
  return OK;
};

const CLIENT_TYPES = ['normal', 'master', 'replica', 'slave', 'pubsub'];

const NO_CLUSTER = err('This instance has cluster support disabled');

const clientList: Handler = (session, argv) => {
  let chosen = [...session.engine.sessions.values()];
  if (argv.length === 4 && upper(argv, 2) === 'TYPE') {
    const type = at(argv, 3).toLowerCase();
    if (!CLIENT_TYPES.includes(type)) throw err(`Unknown client type '${at(argv, 3)}'`);
    chosen = chosen.filter((each) => type === (each.subscriptions > 0 ? 'pubsub' : 'normal'));
  } else if (argv.length > 3 && upper(argv, 2) === 'ID') {
    const ids = argv.slice(3).map((text) => integer(text, err('Invalid client ID')));
    chosen = chosen.filter((each) => ids.includes(each.id));
  } else if (argv.length > 2) throw SYNTAX;
  return new replies.VerbatimReply('txt', chosen.map((each) => `${describeClient(each)}\n`).join(''));
};

type Filter = (each: Session) => boolean;

function killFilter(session: Session, option: string, value: string): Filter {
  if (option === 'ID') {
    const id = integerIn(value, 1, Number.MAX_SAFE_INTEGER, err('client-id should be greater than 0'));
    return (each) => each.id === id;
  }
  if (option === 'ADDR') return (each) => each.port?.remoteAddress === value;
  if (option === 'LADDR') return (each) => each.port?.localAddress === value;
  if (option === 'TYPE' && !CLIENT_TYPES.includes(value.toLowerCase())) throw err(`Unknown client type '${value}'`);
  if (option === 'TYPE') return (each) => value.toLowerCase() === (each.subscriptions > 0 ? 'pubsub' : 'normal');
  if (option === 'USER') {
    if (session.engine.acl.get(value) === undefined) throw err(`No such user '${value}'`);
    return (each) => each.user.name === value;
  }
  throw SYNTAX;
}

const clientKill: Handler = (session, argv) => {
  const all = [...session.engine.sessions.values()];
  if (argv.length === 3) {
    const target = all.find((each) => each.port?.remoteAddress === at(argv, 2));
    if (target === undefined) throw err('No such client');
    end(target, session);
    return OK;
  }
  if (argv.length % 2 !== 0) throw SYNTAX;
  const filters: Filter[] = [];
  let skipMe = true;
  for (let i = 2; i < argv.length; i += 2) {
    if (upper(argv, i) === 'SKIPME') {
      const word = upper(argv, i + 1);
      if (word !== 'YES' && word !== 'NO') throw SYNTAX;
      skipMe = word === 'YES';
    } else filters.push(killFilter(session, upper(argv, i), at(argv, i + 1)));
  }
  const targets = all.filter((each) => filters.every((filter) => filter(each)) && !(skipMe && each === session));
  for (const target of targets) end(target, session);
  return targets.length;
};

/** One's own connection still gets its answer. */
function end(target: Session, by: Session): void {
  if (target === by) target.port?.closeAfterReplies();
  else target.port?.kill();
}

const clientReply: Handler = (session, argv) => {
  const mode = upper(argv, 2);
  if (mode === 'ON') {
    session.replyMode = 'on';
    return OK;
  }
  if (mode !== 'OFF' && mode !== 'SKIP') throw SYNTAX;
  session.replyMode = mode === 'OFF' ? 'off' : 'skip-next';
  return NO_REPLY;
};

const clientSetInfo: Handler = (session, argv) => {
  const option = upper(argv, 2);
  const value = at(argv, 3);
  if (option !== 'LIB-NAME' && option !== 'LIB-VER') throw err(`Unrecognized option '${at(argv, 2)}'`);
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 33 || code > 126)
      throw err(`${option.toLowerCase()} cannot contain spaces, newlines or special characters.`);
  }
  if (option === 'LIB-NAME') session.libraryName = value;
  else session.libraryVersion = value;
  return OK;
};

const clientUnblock: Handler = (session, argv) => {
  if (argv.length > 4) throw replies.wrongSubcommandArity('unblock', 'client');
  const id = integer(at(argv, 2));
  const how = argv.length === 4 ? upper(argv, 3) : 'TIMEOUT';
  if (how !== 'TIMEOUT' && how !== 'ERROR') {
    throw err('CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  }
  const target = session.engine.sessions.get(id);
  return target !== undefined && session.engine.blocking.unblock(target, how === 'ERROR') ? 1 : 0;
};

const clientPause: Handler = (session, argv) => {
  if (argv.length > 4) throw replies.wrongSubcommandArity('pause', 'client');
  const ms = timeoutMilliseconds(at(argv, 2));
  const mode = argv.length > 3 ? upper(argv, 3) : 'ALL';
  if (mode !== 'ALL' && mode !== 'WRITE') throw err('CLIENT PAUSE mode must be WRITE or ALL');
  session.engine.pause.begin(ms, mode === 'WRITE');
  return OK;
};

const onOff =
  (apply: (session: Session, on: boolean) => void): Handler =>
  (session, argv) => {
    const word = upper(argv, 2);
    if (word !== 'ON' && word !== 'OFF') throw SYNTAX;
    apply(session, word === 'ON');
    return OK;
  };

const trackingInfo = (): Reply =>
  new MapReply(['flags', new replies.SetReply(['off']), 'redirect', -1, 'prefixes', []]);

export const connectionCommands = declareCommands('connection', TABLE, {
  auth,
  'client|getname': (session) => (session.name === '' ? null : session.name),
  'client|getredir': () => -1,
  'client|id': (session) => session.id,
  'client|info': (session) => new replies.VerbatimReply('txt', `${describeClient(session)}\n`),
  'client|kill': clientKill,
  'client|list': clientList,
  'client|no-evict': onOff((session, on) => {
    session.noEvict = on;
  }),
  'client|no-touch': onOff((session, on) => {
    session.noTouch = on;
  }),
  'client|pause': clientPause,
  'client|reply': clientReply,
  'client|setinfo': clientSetInfo,
  'client|setname': (session, argv) => {
    checkName(at(argv, 2));
    session.name = at(argv, 2);
    return OK;
  },
  'client|trackinginfo': trackingInfo,
  'client|unblock': clientUnblock,
  'client|unpause': (session) => {
    session.engine.pause.end();
    return OK;
  },
  echo: (_session, argv) => at(argv, 1),
  hello,
  ping,
  quit,
  readonly: () => NO_CLUSTER,
  readwrite: () => NO_CLUSTER,
  reset,
  select,
});
