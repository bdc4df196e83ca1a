/**
 * The values that commands answer with, and every error text in one place. Plain JavaScript values stand for the common replies
 * (string = bulk, number or bigint = integer, null, array); the classes below stand for the rest. Encoding lives in resp.ts.
 *
 * Byte strings: from the socket to the log, every key and value is a latin1 JavaScript string, one char per byte (0..255). Such
 * strings are one-byte strings inside V8, hash and compare natively as Map keys, are what compiled Lua works on, and are written
 * to sockets and files with the 'latin1' encoding without loss. Nothing in the broker ever decodes UTF-8.
 */

/** A simple string such as `+OK`. */
export class Status {
  readonly status: string;
  constructor(status: string) {
    this.status = status;
  }
}

/** An error reply, code included, without the leading dash. Thrown or returned by handlers; deliberately no Error: no stack is wanted. */
export class ErrorReply {
  readonly error: string;
  constructor(error: string) {
    this.error = error;
  }
}

/** `*-1` in RESP2, `_` in RESP3. */
export class NullArray {}

/** A double in RESP3, a bulk string in RESP2. */
export class DoubleReply {
  readonly double: number;
  constructor(double: number) {
    this.double = double;
  }
}

/** Alternating keys and values: a map in RESP3, a flat array in RESP2. */
export class MapReply {
  readonly items: readonly Reply[];
  constructor(items: readonly Reply[]) {
    this.items = items;
  }
}

/** A set in RESP3, an array in RESP2. */
export class SetReply {
  readonly items: readonly Reply[];
  constructor(items: readonly Reply[]) {
    this.items = items;
  }
}

/** An out-of-band push in RESP3, an array in RESP2. */
export class PushReply {
  readonly items: readonly Reply[];
  constructor(items: readonly Reply[]) {
    this.items = items;
  }
}

/** Text with a three-letter format in RESP3 (`txt`, `mkd`), a bulk string in RESP2. */
export class VerbatimReply {
  readonly format: string;
  readonly text: string;
  constructor(format: string, text: string) {
    this.format = format;
    this.text = text;
  }
}

/** `#t` or `#f` in RESP3, 1 or 0 in RESP2. */
export class BoolReply {
  readonly value: boolean;
  constructor(value: boolean) {
    this.value = value;
  }
}

/** A big number in RESP3, a bulk string in RESP2. Only scripts make these. */
export class BigNumberReply {
  readonly bigNumber: string;
  constructor(bigNumber: string) {
    this.bigNumber = bigNumber;
  }
}

/** Several replies to one command (SUBSCRIBE with several channels), or none at all. */
export class MultiReply {
  readonly items: readonly Reply[];
  constructor(items: readonly Reply[]) {
    this.items = items;
  }
}

/** The handler blocked its client or switched replies off; nothing is sent now. */
export class NoReply {}

export type Reply =
  | string
  | number
  | bigint
  | null
  | readonly Reply[]
  | Status
  | ErrorReply
  | NullArray
  | DoubleReply
  | MapReply
  | SetReply
  | PushReply
  | VerbatimReply
  | BoolReply
  | BigNumberReply
  | MultiReply
  | NoReply;

export const OK = new Status('OK');
export const QUEUED = new Status('QUEUED');
export const NULL_ARRAY = new NullArray();
export const NO_REPLY = new NoReply();
export const EMPTY_ARRAY: readonly Reply[] = [];

/** Error texts, word for word as Redis sends them: clients match on them. */
export const WRONGTYPE = new ErrorReply('WRONGTYPE Operation against a key holding the wrong kind of value');
export const SYNTAX = new ErrorReply('ERR syntax error');
export const NOT_INTEGER = new ErrorReply('ERR value is not an integer or out of range');
export const NOT_FLOAT = new ErrorReply('ERR value is not a valid float');
export const NO_SUCH_KEY = new ErrorReply('ERR no such key');
export const INDEX_RANGE = new ErrorReply('ERR index out of range');
export const OUT_OF_RANGE = new ErrorReply('ERR value is out of range');
export const NOT_POSITIVE = new ErrorReply('ERR value is out of range, must be positive');
export const OVERFLOW = new ErrorReply('ERR increment or decrement would overflow');
export const NAN_INFINITY = new ErrorReply('ERR increment would produce NaN or Infinity');
export const SCORE_NAN = new ErrorReply('ERR resulting score is not a number (NaN)');
export const NOT_MIN_MAX_FLOAT = new ErrorReply('ERR min or max is not a float');
export const NOT_MIN_MAX_LEX = new ErrorReply('ERR min or max not valid string range item');
export const HASH_NOT_INTEGER = new ErrorReply('ERR hash value is not an integer');
export const HASH_NOT_FLOAT = new ErrorReply('ERR hash value is not a float');
export const STRING_TOO_LONG = new ErrorReply('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
export const OFFSET_RANGE = new ErrorReply('ERR offset is out of range');
export const BIT_OFFSET = new ErrorReply('ERR bit offset is not an integer or out of range');
export const BIT_VALUE = new ErrorReply('ERR bit is not an integer or out of range');
export const DB_INDEX_RANGE = new ErrorReply('ERR DB index is out of range');
export const INVALID_DB_INDEX = new ErrorReply('ERR invalid DB index');
export const INVALID_CURSOR = new ErrorReply('ERR invalid cursor');
export const TIMEOUT_NOT_FLOAT = new ErrorReply('ERR timeout is not a float or out of range');
export const TIMEOUT_NOT_INTEGER = new ErrorReply('ERR timeout is not an integer or out of range');
export const TIMEOUT_NEGATIVE = new ErrorReply('ERR timeout is negative');
export const TIMEOUT_RANGE = new ErrorReply('ERR timeout is out of range');
export const NESTED_MULTI = new ErrorReply('ERR MULTI calls can not be nested');
export const EXEC_WITHOUT_MULTI = new ErrorReply('ERR EXEC without MULTI');
export const DISCARD_WITHOUT_MULTI = new ErrorReply('ERR DISCARD without MULTI');
export const WATCH_IN_MULTI = new ErrorReply('ERR WATCH inside MULTI is not allowed');
export const EXECABORT = new ErrorReply('EXECABORT Transaction discarded because of previous errors.');
export const NO_AUTH = new ErrorReply('NOAUTH Authentication required.');
export const HELLO_NO_AUTH = new ErrorReply(
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
);
export const WRONG_PASS = new ErrorReply('WRONGPASS invalid username-password pair or user is disabled.');
export const AUTH_NO_PASSWORD = new ErrorReply(
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
);
export const NO_PROTO = new ErrorReply('NOPROTO unsupported protocol version');
export const NO_SCRIPT = new ErrorReply('NOSCRIPT No matching script. Please use EVAL.');
export const NOT_BUSY = new ErrorReply('NOTBUSY No scripts in execution right now.');
export const BUSY_SCRIPT = new ErrorReply(
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
);
export const UNKILLABLE = new ErrorReply(
  'UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.',
);
export const NO_KEY_PERMISSION = new ErrorReply('NOPERM No permissions to access a key');
export const NO_CHANNEL_PERMISSION = new ErrorReply('NOPERM No permissions to access a channel');
export const OOM = new ErrorReply("OOM command not allowed when used memory > 'maxmemory'.");
export const MISCONF = new ErrorReply(
  'MISCONF Errors writing to the AOF file. Commands that may modify the data set are disabled. Please check the logs for details about the error.',
);
export const LOADING = new ErrorReply('LOADING Redis is loading the dataset in memory');
export const DENIED = new ErrorReply(
  'DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. Set a password (requirepass, or a user by ACL SETUSER), or show a client certificate over TLS.',
);
export const MAX_CLIENTS = new ErrorReply('ERR max number of clients reached');
export const SAME_OBJECT = new ErrorReply('ERR source and destination objects are the same');
export const BUSYKEY = new ErrorReply('BUSYKEY Target key name already exists.');
export const BAD_PAYLOAD = new ErrorReply('ERR DUMP payload version or checksum are wrong');
export const NUMKEYS_POSITIVE = new ErrorReply('ERR numkeys should be greater than 0');
export const COUNT_POSITIVE = new ErrorReply('ERR count should be greater than 0');
export const LIMIT_NEGATIVE = new ErrorReply("ERR LIMIT can't be negative");
export const NEGATIVE_KEYS = new ErrorReply("ERR Number of keys can't be negative");
export const TOO_MANY_KEYS = new ErrorReply("ERR Number of keys can't be greater than number of args");
export const STREAM_ID_INVALID = new ErrorReply('ERR Invalid stream ID specified as stream command argument');
export const STREAM_ID_SMALL = new ErrorReply(
  'ERR The ID specified in XADD is equal or smaller than the target stream top item',
);
export const STREAM_ID_ZERO = new ErrorReply('ERR The ID specified in XADD must be greater than 0-0');
export const STREAM_EXHAUSTED = new ErrorReply(
  'ERR The stream has exhausted the last possible ID, unable to add more items',
);
export const XGROUP_NO_KEY = new ErrorReply(
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.',
);
export const BUSYGROUP = new ErrorReply('BUSYGROUP Consumer Group name already exists');

/** An error with a code of `ERR`. */
export function err(text: string): ErrorReply {
  return new ErrorReply(`ERR ${text}`);
}

/** The answer to a wrong number of arguments for `name` (`config|get` for a subcommand). */
export function wrongArity(name: string): ErrorReply {
  return new ErrorReply(`ERR wrong number of arguments for '${name}' command`);
}

/** The answer to an unknown command, with the arguments that Redis shows: quoted, each cut, 128 bytes in all. */
/** An argument within an error text: Redis prints it as a C string, up to the first NUL. */
export function cText(argument: string): string {
  const end = argument.indexOf('\0');
  return end < 0 ? argument : argument.slice(0, end);
}

export function unknownCommand(argv: readonly string[]): ErrorReply {
  let shown = '';
  for (let i = 1; i < argv.length && shown.length < 128; i++) {
    shown += `'${cText(argv[i] ?? '').slice(0, 128 - shown.length)}' `;
  }
  const text = `unknown command '${cText(argv[0] ?? '').slice(0, 128)}', with args beginning with: ${shown}`;
  return err(text.replace(/[\r\n]/g, ' '));
}

/** The answer to an unknown subcommand of a container command. */
export function unknownSubcommand(sub: string, container: string): ErrorReply {
  return err(
    `unknown subcommand '${cText(sub)
      .slice(0, 128)
      .replace(/[\r\n]/g, ' ')}'. Try ${container.toUpperCase()} HELP.`,
  );
}

/** The answer to a subcommand that has options which it does not take. */
export function wrongForm(argv: readonly string[]): ErrorReply {
  const [container = '', sub = ''] = argv;
  return err(
    `unknown subcommand or wrong number of arguments for '${cText(sub)}'. Try ${container.toUpperCase()} HELP.`,
  );
}

/** The answer to too many arguments of a subcommand that takes a variable number of them. */
export function wrongSubcommandArity(sub: string, container: string): ErrorReply {
  return err(`unknown subcommand or wrong number of arguments for '${sub}'. Try ${container.toUpperCase()} HELP.`);
}

/** The answer when an expiry is zero, negative or too large for `name`. */
export function invalidExpire(name: string): ErrorReply {
  return err(`invalid expire time in '${name}' command`);
}
