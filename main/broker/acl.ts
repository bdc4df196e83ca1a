/**
 * Users: their passwords and what they may do. It answers "may this user run this request"; what one set of rights covers is
 * acl-selector's. Passwords are kept as SHA-256 and compared in constant time.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { AclLog } from './acl-log.ts';
import { type Denial, Selector } from './acl-selector.ts';
import type { Command, CommandTable } from './command.ts';
import { ErrorReply } from './replies.ts';

export interface User {
  readonly name: string;
  enabled: boolean;
  noPassword: boolean;
  /** Lower-case hex SHA-256 digests. */
  passwords: ReadonlySet<string>;
  /** Rights of its own first; a request must be within one of these. */
  selectors: readonly [Selector, ...Selector[]];
  /** Everything is allowed: the usual case costs one look. */
  unrestricted: boolean;
  deleted: boolean;
  /** Longest that a script of this user may run; Infinity without a limit. Not a rule of Redis's: set by the broker's owner. */
  scriptLimitMs: number;
}

const NO_SUCH_PASSWORD = 'The password you are trying to remove from the user does not exist';
const BAD_HASH = 'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters';
/** A refusal of a later kind came farther. */
const FARNESS: Readonly<Record<Denial['reason'], number>> = { command: 0, key: 1, channel: 2 };

function sha256Hex(text: string): string {
  return createHash('sha256').update(Buffer.from(text, 'latin1')).digest('hex');
}

export class Acl {
  private readonly table: CommandTable;
  private readonly byName = new Map<string, User>();
  readonly defaultUser: User;
  readonly log = new AclLog();

  constructor(table: CommandTable) {
    this.table = table;
    this.defaultUser = this.setUser('default', ['on', 'nopass', '~*', '&*', '+@all']);
  }

  /** By name. */
  get users(): readonly User[] {
    return [...this.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): User | undefined {
    return this.byName.get(name);
  }

  /** Creates or changes a user; on a bad rule nothing changes and Redis's error is thrown. */
  setUser(name: string, rules: readonly string[]): User {
    if (/[\s\0]/.test(name)) throw new ErrorReply("ERR Usernames can't contain spaces or null characters");
    const old = this.byName.get(name);
    const draft: User = old === undefined ? this.blank(name) : { ...old, selectors: copyOf(old.selectors) };
    for (const rule of mergeSelectors(rules)) {
      try {
        this.apply(draft, rule);
      } catch (error) {
        if (!(error instanceof ErrorReply)) throw error;
        throw new ErrorReply(`ERR Error in ACL SETUSER modifier '${rule}': ${error.error}`);
      }
    }
    draft.unrestricted = draft.selectors.some((selector) => selector.allowsEverything);
    const user = Object.assign(old ?? draft, draft);
    this.byName.set(name, user);
    return user;
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

  /** Why `user` may not run this request; undefined when it may. `command` is the subcommand where there is one. */
  check(user: User, command: Command, argv: readonly string[]): Denial | undefined {
    if (user.unrestricted) return undefined;
    let told: Denial | undefined;
    for (const selector of user.selectors) {
      const denial = selector.check(command, argv);
      if (denial === undefined) return undefined;
      if (told === undefined || isFarther(denial, told)) told = denial;
    }
    return told;
  }

  /** True when the user may run the command and read every key there is: what it reads is not named in the request. */
  mayReadAllKeys(user: User, command: Command, argv: readonly string[]): boolean {
    return user.selectors.some((selector) => selector.allKeys && selector.allowsCommand(command, argv));
  }

  mayUseChannel(user: User, channel: string, isPattern: boolean): boolean {
    return user.selectors.some((selector) => selector.allowsChannel(channel, isPattern));
  }

  /** The rules of a user in ACL LIST's form. */
  describe(user: User): string {
    const [own, ...others] = user.selectors;
    const parts = [`user ${user.name}`, ...this.flagsOf(user), ...[...user.passwords].map((digest) => `#${digest}`)];
    return [...parts, own.describe(), ...others.map((selector) => `(${selector.describe()})`)].join(' ');
  }

  flagsOf(user: User): string[] {
    return [user.enabled ? 'on' : 'off', ...(user.noPassword ? ['nopass'] : []), 'sanitize-payload'];
  }

  private blank(name: string): User {
    return {
      name,
      enabled: false,
      noPassword: false,
      passwords: new Set(),
      selectors: [new Selector(this.table)],
      unrestricted: false,
      deleted: false,
      scriptLimitMs: Infinity,
    };
  }

  private apply(user: User, rule: string): void {
    if (rule.startsWith('(') && rule.endsWith(')')) {
      const selector = new Selector(this.table);
      for (const part of rule.slice(1, -1).split(' ')) {
        if (part !== '' && !selector.apply(part)) throw new ErrorReply('Syntax error');
      }
      user.selectors = [...user.selectors, selector];
    } else if (
      !this.applyWord(user, rule.toLowerCase()) &&
      !applyPassword(user, rule) &&
      !user.selectors[0].apply(rule)
    ) {
      throw new ErrorReply('Syntax error');
    }
  }

  private applyWord(user: User, word: string): boolean {
    if (word === 'on') user.enabled = true;
    else if (word === 'off') user.enabled = false;
    else if (word === 'nopass') [user.noPassword, user.passwords] = [true, new Set()];
    else if (word === 'resetpass') [user.noPassword, user.passwords] = [false, new Set()];
    else if (word === 'clearselectors') user.selectors = [user.selectors[0]];
    else if (word === 'reset') Object.assign(user, { ...this.blank(user.name), scriptLimitMs: user.scriptLimitMs });
    else return word === 'sanitize-payload' || word === 'skip-sanitize-payload';
    return true;
  }
}

function copyOf([own, ...others]: User['selectors']): User['selectors'] {
  return [own.copy(), ...others.map((selector) => selector.copy())];
}

function isFarther(a: Denial, b: Denial): boolean {
  const further = FARNESS[a.reason] - FARNESS[b.reason];
  return further > 0 || (further === 0 && a.position > b.position);
}

/** Words from one that begins with `(` to the one that ends with `)` are one rule. */
function mergeSelectors(rules: readonly string[]): string[] {
  const merged: string[] = [];
  let open: string | undefined;
  for (const rule of rules) {
    if (open !== undefined) open = `${open} ${rule}`;
    else if (rule.startsWith('(')) open = rule;
    else merged.push(rule);
    if (open?.endsWith(')')) {
      merged.push(open);
      open = undefined;
    }
  }
  if (open === undefined) return merged;
  throw new ErrorReply(`ERR Unmatched parenthesis in acl selector starting at '${open.split(' ')[0]}'.`);
}

function applyPassword(user: User, rule: string): boolean {
  const sign = rule[0];
  if (sign !== '>' && sign !== '<' && sign !== '#' && sign !== '!') return false;
  const given = rule.slice(1);
  const isHash = sign === '#' || sign === '!';
  if (isHash && !/^[0-9a-f]{64}$/.test(given)) throw new ErrorReply(BAD_HASH);
  const digest = isHash ? given : sha256Hex(given);
  const passwords = new Set(user.passwords);
  if (sign === '>' || sign === '#') {
    passwords.add(digest);
    user.noPassword = false;
  } else if (!passwords.delete(digest)) throw new ErrorReply(NO_SUCH_PASSWORD);
  user.passwords = passwords;
  return true;
}
