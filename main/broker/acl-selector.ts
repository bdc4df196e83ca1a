/**
 * One set of rights: commands as bits over the command table, key patterns with a read and a write side, channels. A user has one
 * of its own and any number of further ones; a request must be within one of them as a whole.
 */
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

export interface Denial {
  readonly reason: 'command' | 'key' | 'channel';
  /** The command, key or channel. */
  readonly object: string;
  /** How far the request was found allowed: of several refusals the one that came farthest is told. */
  readonly position: number;
}

const UNKNOWN = 'Unknown command or category name in ACL';
const KEYS_TAKEN =
  "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns";
const CHANNELS_TAKEN =
  "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels";
/** Commands whose arguments are channels, and whether these are patterns; `publish` has one. */
const CHANNEL_COMMANDS: ReadonlyMap<string, 'one' | 'all' | 'patterns'> = new Map([
  ['publish', 'one'],
  ['spublish', 'one'],
  ['subscribe', 'all'],
  ['ssubscribe', 'all'],
  ['psubscribe', 'patterns'],
]);

export class Selector {
  private readonly table: CommandTable;
  allKeys = false;
  allChannels = false;
  private keyPatterns: readonly KeyPattern[] = [];
  private channelPatterns: readonly ChannelPattern[] = [];
  /** One byte for each command id. */
  private allowed: Uint8Array;
  /** First arguments with which a command that is not allowed as a whole is (`+select|0`), by command id. */
  private firstArguments: ReadonlyMap<number, ReadonlySet<string>> = new Map();
  /** The command rules as they count, for ACL LIST. */
  private commandRules: readonly string[] = ['-@all'];

  constructor(table: CommandTable) {
    this.table = table;
    this.allowed = new Uint8Array(table.byId.length);
  }

  copy(): Selector {
    return Object.assign(new Selector(this.table), this, { allowed: this.allowed.slice() });
  }

  get allowsEverything(): boolean {
    return this.allKeys && this.allChannels && this.allowed.every((bit) => bit === 1);
  }

  /** Applies a rule about commands, keys or channels; false when it is none. @throws ErrorReply with Redis's text */
  apply(rule: string): boolean {
    return this.applyWord(rule.toLowerCase()) || this.applyPattern(rule) || this.applyCommand(rule.toLowerCase());
  }

  /** Why this does not cover the request; undefined when it does. */
  check(command: Command, argv: readonly string[]): Denial | undefined {
    if (!command.noAuth && !this.allowsCommand(command, argv)) {
      return { reason: 'command', object: command.name, position: 0 };
    }
    if (!this.allKeys && command.keys.length > 0) {
      let position = 0;
      for (const { key, access } of keysOf(command, argv)) {
        if (!this.allowsKey(key, access.reads, access.writes)) return { reason: 'key', object: key, position };
        position++;
      }
    }
    return this.allChannels ? undefined : this.checkChannels(command, argv);
  }

  allowsChannel(channel: string, isPattern: boolean): boolean {
    return this.allChannels || this.channelPatterns.some((p) => (isPattern ? p.text === channel : p.matches(channel)));
  }

  allowsCommand(command: Command, argv: readonly string[]): boolean {
    if (this.allowed[command.id] === 1) return true;
    return this.firstArguments.get(command.id)?.has((argv[1] ?? '').toLowerCase()) === true;
  }

  describeKeys(): string {
    if (this.allKeys) return '~*';
    return this.keyPatterns.map((p) => `${p.read && p.write ? '~' : p.read ? '%R~' : '%W~'}${p.text}`).join(' ');
  }

  /** As ACL GETUSER shows them; ACL LIST says `resetchannels` first. */
  describeChannels(): string {
    return this.allChannels ? '&*' : this.channelPatterns.map((p) => `&${p.text}`).join(' ');
  }

  describeCommands(): string {
    return this.commandRules.join(' ');
  }

  /** In ACL LIST's form. */
  describe(): string {
    const channels = this.allChannels ? '&*' : `resetchannels ${this.describeChannels()}`.trim();
    return [this.describeKeys(), channels, this.describeCommands()].filter((part) => part !== '').join(' ');
  }

  private allowsKey(key: string, read: boolean, write: boolean): boolean {
    return this.keyPatterns.some((p) => (p.read || !read) && (p.write || !write) && p.matches(key));
  }

  private checkChannels(command: Command, argv: readonly string[]): Denial | undefined {
    const kind = CHANNEL_COMMANDS.get(command.name);
    if (kind === undefined) return undefined;
    const channels = argv.slice(1, kind === 'one' ? 2 : argv.length);
    const position = channels.findIndex((channel) => !this.allowsChannel(channel, kind === 'patterns'));
    return position < 0 ? undefined : { reason: 'channel', object: channels[position] ?? '', position };
  }

  private applyWord(word: string): boolean {
    if (word === 'allkeys' || word === '~*') [this.allKeys, this.keyPatterns] = [true, []];
    else if (word === 'resetkeys') [this.allKeys, this.keyPatterns] = [false, []];
    else if (word === 'allchannels' || word === '&*') [this.allChannels, this.channelPatterns] = [true, []];
    else if (word === 'resetchannels') [this.allChannels, this.channelPatterns] = [false, []];
    else if (word === 'allcommands') this.applyCommand('+@all');
    else if (word === 'nocommands') this.applyCommand('-@all');
    else return false;
    return true;
  }

  private applyPattern(rule: string): boolean {
    const key = /^(?:%([rwRW]{1,2}))?~([^\s\0]*)$/.exec(rule);
    if (key !== null) {
      if (this.allKeys) throw new ErrorReply(KEYS_TAKEN);
      const sides = (key[1] ?? 'RW').toUpperCase();
      const text = key[2] ?? '';
      const pattern = { text, read: sides.includes('R'), write: sides.includes('W'), matches: compileGlob(text) };
      this.keyPatterns = [...this.keyPatterns, pattern];
      return true;
    }
    if (!/^&[^\s\0]*$/.test(rule)) return false;
    if (this.allChannels) throw new ErrorReply(CHANNELS_TAKEN);
    const text = rule.slice(1);
    this.channelPatterns = [...this.channelPatterns, { text, matches: compileGlob(text) }];
    return true;
  }

  private applyCommand(rule: string): boolean {
    const sign = rule[0];
    if (sign !== '+' && sign !== '-') return false;
    const bit = sign === '+' ? 1 : 0;
    const name = rule.slice(1);
    if (name === '@all') {
      this.allowed.fill(bit);
      this.firstArguments = new Map();
      this.commandRules = [rule];
      return true;
    }
    const [container = '', argument] = name.split('|');
    const command = this.table.get(container);
    if (argument !== undefined && command?.subcommands.size === 0 && bit === 1) this.allowWith(command, argument);
    else this.set(name.startsWith('@') ? this.inCategory(name.slice(1)) : this.named(name), bit);
    // A rule about a command takes the place of those about it and its subcommands.
    const stays = (old: string): boolean => old.slice(1) !== name && !old.slice(1).startsWith(`${name}|`);
    this.commandRules = [...this.commandRules.filter(stays), rule];
    return true;
  }

  private allowWith(command: Command, argument: string): void {
    const known = this.firstArguments.get(command.id) ?? [];
    this.firstArguments = new Map([...this.firstArguments, [command.id, new Set([...known, argument])]]);
  }

  private set(commands: readonly Command[], bit: 0 | 1): void {
    for (const { id } of commands) this.allowed[id] = bit;
    const ids = new Set(commands.map(({ id }) => id));
    this.firstArguments = new Map([...this.firstArguments].filter(([id]) => !ids.has(id)));
  }

  private inCategory(category: string): Command[] {
    const found = this.table.byId.filter((command) => command.categories.has(category));
    if (found.length === 0) throw new ErrorReply(UNKNOWN);
    return found;
  }

  private named(name: string): Command[] {
    const [container = '', sub, ...more] = name.split('|');
    const command = this.table.get(container);
    if (command === undefined || more.length > 0) throw new ErrorReply(UNKNOWN);
    if (sub === undefined) return [command, ...command.subcommands.values()];
    const found = command.subcommands.get(sub);
    if (found === undefined) throw new ErrorReply(UNKNOWN);
    return [found];
  }
}
