/**
 * Users and what they may do: commands as a bit set over the command table, key patterns with read and write sides, channels.
 * It answers "may this user run this request"; passwords are kept as SHA-256 and compared in constant time.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Command, type CommandTable, keysOf } from './command.ts';
import { compileGlob } from './glob.ts';
import { ErrorReply } from './replies.ts';

interface KeyPattern {
  readonly text: string;
  readonly read: boolean;
  readonly write: boolean;
  readonly matches: (key: string) => boolean;
}

interface ChannelPattern {
  readonly text: string;
  readonly matches: (channel: string) => boolean;
}

export interface User {
  readonly name: string;
  enabled: boolean;
  noPassword: boolean;
  /** Lower-case hex SHA-256 digests. */
  passwords: Set<string>;
  allKeys: boolean;
  keyPatterns: KeyPattern[];
  allChannels: boolean;
  channelPatterns: ChannelPattern[];
  /** One byte for each command id. */
  allowed: Uint8Array;
  /** The command rules as they were given, for ACL LIST. */
  commandRules: string[];
  /** Everything is allowed: the usual case costs one look. */
  unrestricted: boolean;
  deleted: boolean;
  /** Longest that a script of this user may run; Infinity without a limit. Not a rule of Redis's: set by the broker's owner. */
  scriptLimitMs: number;
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(Buffer.from(text, 'latin1')).digest('hex');
}

export class Acl {
  private readonly table: CommandTable;
  private readonly byName = new Map<string, User>();
  readonly defaultUser: User;
  readonly denials: {
    reason: string;
    context: string;
    object: string;
    username: string;
    atMs: number;
    count: number;
  }[] = [];

  constructor(table: CommandTable) {
    this.table = table;
    this.defaultUser = this.blank('default');
    for (const rule of ['on', 'nopass', '~*', '&*', '+@all']) this.apply(this.defaultUser, rule);
    this.byName.set('default', this.defaultUser);
  }

  get users(): readonly User[] {
    return [...this.byName.values()];
  }

  get(name: string): User | undefined {
    return this.byName.get(name);
  }

  /** Creates or changes a user; on a bad rule nothing changes and Redis's error is thrown. */
  setUser(name: string, rules: readonly string[]): User {
    const old = this.byName.get(name);
    const draft =
      old === undefined
        ? this.blank(name)
        : { ...old, passwords: new Set(old.passwords), allowed: old.allowed.slice() };
    for (const rule of rules) {
      try {
        this.apply(draft, rule);
      } catch (error) {
        if (!(error instanceof ErrorReply)) throw error;
        throw new ErrorReply(`ERR Error in ACL SETUSER modifier '${rule}': ${error.error}`);
      }
    }
    if (old === undefined) {
      this.byName.set(name, draft);
      return draft;
    }
    return Object.assign(old, draft);
  }

  deleteUser(name: string): User | undefined {
    const user = this.byName.get(name);
    if (user === undefined || name === 'default') return undefined;
    user.deleted = true;
    this.byName.delete(name);
    return user;
  }

  /** The user whose name and password these are. */
  authenticate(name: string, password: string): User | undefined {
    const user = this.byName.get(name);
    if (user === undefined || !user.enabled) return undefined;
    if (user.noPassword) return user;
    const digest = Buffer.from(sha256Hex(password), 'latin1');
    for (const known of user.passwords) {
      if (timingSafeEqual(digest, Buffer.from(known, 'latin1'))) return user;
    }
    return undefined;
  }

  /** Why `user` may not run this request, or undefined when it may. `command` is the subcommand where there is one. */
  refusal(user: User, command: Command, argv: readonly string[], context = 'toplevel'): ErrorReply | undefined {
    if (user.unrestricted) return undefined;
    if (user.allowed[command.id] !== 1 && !command.noAuth) {
      this.note('command', command.name, user, context);
      return new ErrorReply(`NOPERM User ${user.name} has no permissions to run the '${command.name}' command`);
    }
    if (!user.allKeys && command.keys.length > 0) {
      for (const { key, access } of keysOf(command, argv)) {
        if (this.keyAllowed(user, key, access.reads, access.writes)) continue;
        this.note('key', key, user, context);
        return new ErrorReply('NOPERM No permissions to access a key');
      }
    }
    return this.channelRefusal(user, command, argv, context);
  }

  keyAllowed(user: User, key: string, read: boolean, write: boolean): boolean {
    if (user.allKeys) return true;
    return user.keyPatterns.some((p) => (p.read || !read) && (p.write || !write) && p.matches(key));
  }

  /** The rules of a user in ACL LIST's form. */
  describe(user: User): string {
    const parts = [`user ${user.name}`, user.enabled ? 'on' : 'off'];
    if (user.noPassword) parts.push('nopass');
    for (const digest of user.passwords) parts.push(`#${digest}`);
    parts.push('sanitize-payload', this.describeKeys(user), this.describeChannels(user), this.describeCommands(user));
    return parts.filter((part) => part !== '').join(' ');
  }

  describeKeys(user: User): string {
    if (user.allKeys) return '~*';
    return user.keyPatterns.map((p) => `${p.read && p.write ? '~' : p.read ? '%R~' : '%W~'}${p.text}`).join(' ');
  }

  describeChannels(user: User): string {
    if (user.allChannels) return '&*';
    return user.channelPatterns.length === 0
      ? 'resetchannels'
      : user.channelPatterns.map((p) => `&${p.text}`).join(' ');
  }

  describeCommands(user: User): string {
    return user.commandRules.join(' ');
  }

  private channelRefusal(
    user: User,
    command: Command,
    argv: readonly string[],
    context: string,
  ): ErrorReply | undefined {
    if (user.allChannels || command.group !== 'pubsub') return undefined;
    const { name } = command;
    const count = name === 'publish' || name === 'spublish' ? 2 : argv.length;
    if (!/^(p|s)?subscribe$|^s?publish$/.test(name)) return undefined;
    for (const channel of argv.slice(1, count)) {
      const literal = name === 'psubscribe';
      if (user.channelPatterns.some((p) => (literal ? p.text === channel : p.matches(channel)))) continue;
      this.note('channel', channel, user, context);
      return new ErrorReply('NOPERM No permissions to access a channel');
    }
    return undefined;
  }

  private note(reason: string, object: string, user: User, context: string): void {
    const same = this.denials.find((d) => d.reason === reason && d.object === object && d.username === user.name);
    if (same !== undefined) {
      same.count++;
      return;
    }
    this.denials.unshift({ reason, context, object, username: user.name, atMs: Date.now(), count: 1 });
    this.denials.length = Math.min(this.denials.length, 128);
  }

  private blank(name: string): User {
    return {
      name,
      enabled: false,
      noPassword: false,
      passwords: new Set(),
      allKeys: false,
      keyPatterns: [],
      allChannels: false,
      channelPatterns: [],
      allowed: new Uint8Array(this.table.byId.length),
      commandRules: ['-@all'],
      unrestricted: false,
      deleted: false,
      scriptLimitMs: Infinity,
    };
  }

  private apply(user: User, rule: string): void {
    const lower = rule.toLowerCase();
    if (!this.applyWord(user, lower) && !this.applyPattern(user, rule) && !this.applyCommand(user, rule)) {
      throw new ErrorReply('Syntax error');
    }
    user.unrestricted = user.allKeys && user.allChannels && user.allowed.every((bit) => bit === 1);
  }

  private applyWord(user: User, word: string): boolean {
    if (word === 'on') user.enabled = true;
    else if (word === 'off') user.enabled = false;
    else if (word === 'nopass') [user.noPassword, user.passwords] = [true, new Set()];
    else if (word === 'resetpass') [user.noPassword, user.passwords] = [false, new Set()];
    else if (word === 'allkeys' || word === '~*') [user.allKeys, user.keyPatterns] = [true, []];
    else if (word === 'resetkeys') [user.allKeys, user.keyPatterns] = [false, []];
    else if (word === 'allchannels' || word === '&*') [user.allChannels, user.channelPatterns] = [true, []];
    else if (word === 'resetchannels') [user.allChannels, user.channelPatterns] = [false, []];
    else if (word === 'allcommands') this.applyCommand(user, '+@all');
    else if (word === 'nocommands') this.applyCommand(user, '-@all');
    else if (word === 'reset') Object.assign(user, { ...this.blank(user.name), deleted: user.deleted });
    else return word === 'sanitize-payload' || word === 'skip-sanitize-payload';
    return true;
  }

  private applyPattern(user: User, rule: string): boolean {
    const sign = rule[0];
    const rest = rule.slice(1);
    if (sign === '>') {
      user.passwords.add(sha256Hex(rest));
      user.noPassword = false;
    } else if (sign === '<') {
      if (!user.passwords.delete(sha256Hex(rest)))
        throw new ErrorReply('The password you are trying to remove from the user does not exist');
    } else if (sign === '#' || sign === '!') {
      if (!/^[0-9a-f]{64}$/.test(rest)) {
        throw new ErrorReply(
          'The provided password hash must be exactly 64 characters and contain only lowercase hexadecimal characters',
        );
      }
      if (sign === '#') user.passwords.add(rest);
      else user.passwords.delete(rest);
    } else if (sign === '~' || sign === '%') {
      const parts = /^(?:%([rwRW]{1,2}))?~([\s\S]*)$/.exec(rule);
      if (parts === null) return false;
      const sides = (parts[1] ?? 'RW').toUpperCase();
      const text = parts[2] ?? '';
      user.keyPatterns.push({
        text,
        read: sides.includes('R'),
        write: sides.includes('W'),
        matches: compileGlob(text),
      });
      user.allKeys = false;
    } else if (sign === '&') {
      user.channelPatterns.push({ text: rest, matches: compileGlob(rest) });
      user.allChannels = false;
    } else {
      return false;
    }
    return true;
  }

  private applyCommand(user: User, rule: string): boolean {
    const sign = rule[0];
    if (sign !== '+' && sign !== '-') return false;
    const bit = sign === '+' ? 1 : 0;
    const name = rule.slice(1).toLowerCase();
    if (name === '@all') {
      user.allowed.fill(bit);
      user.commandRules = [`${sign}@all`];
      return true;
    }
    const targets = name.startsWith('@') ? this.inCategory(name.slice(1)) : this.named(name);
    for (const command of targets) user.allowed[command.id] = bit;
    user.commandRules = [...user.commandRules.filter((old) => old.slice(1) !== name), `${sign}${name}`];
    return true;
  }

  private inCategory(category: string): Command[] {
    const found = this.table.byId.filter((command) => command.categories.has(category));
    if (found.length === 0) throw new ErrorReply('Unknown command or category name in ACL');
    return found;
  }

  private named(name: string): Command[] {
    const [container = '', sub] = name.split('|');
    const command = this.table.get(container);
    if (command === undefined) throw new ErrorReply('Unknown command or category name in ACL');
    if (sub === undefined) return [command, ...command.subcommands.values()];
    const found = command.subcommands.get(sub);
    if (found === undefined) throw new ErrorReply('Unknown command or category name in ACL');
    return [found];
  }
}
