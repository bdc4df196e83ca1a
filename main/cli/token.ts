/** `millrace token`: makes tokens with which machines join and programs call the API, lists and revokes the latter, shows the owner's own. */
import { type Command, InvalidArgumentError } from 'commander';
import { dataFolder } from '../../common/data-folder.ts';
import { type ApiToken, type TokenScope, tokenScopeSchema } from '../../contract/operations/tokens.ts';
import { type CommandContext, type LocalOptions, localCommand, parseCount, parseDuration, withHub } from './context.ts';
import { findHub } from './find-hub.ts';
import { CommandError, exitCodes, printJson, printTable, say } from './output.ts';

interface TokenOptions extends LocalOptions {
  readonly uses?: number;
  readonly ttl?: number;
  readonly ui?: boolean;
  readonly api?: boolean;
  readonly scope: TokenScope;
  readonly name?: string;
}

/** The owner's token of the hub on this data folder, and the window's address with it. */
async function showOwnToken(context: CommandContext, options: TokenOptions): Promise<void> {
  const { url, token } = await findHub(dataFolder(options.data, context.environment));
  const window = `${url}/#token=${token}`;
  if (options.json) return printJson(context.terminal, { token, window });
  context.terminal.out.write(`${token}\n`);
  say(context.terminal, `The window, with it: ${window}\nIt is the owner’s key to this hub: keep it to yourself.`);
}

async function makeJoinToken(context: CommandContext, options: TokenOptions): Promise<void> {
  const body = { ...(options.uses && { uses: options.uses }), ...(options.ttl && { ttlMs: options.ttl }) };
  const made = await withHub(context, options, (hub) => hub.call('createJoinToken', { body }));
  if (options.json) return printJson(context.terminal, made);
  context.terminal.out.write(`${made.token}\n`);
  say(
    context.terminal,
    `Counts until ${made.expiresAt}, for ${made.uses} machine${made.uses === 1 ? '' : 's'}. There:\n` +
      '  npm run -s millrace -- node --token <the token>',
  );
}

async function makeApiToken(context: CommandContext, options: TokenOptions): Promise<void> {
  const { name, scope, ttl: ttlMs = null } = options;
  if (name === undefined) throw new CommandError(exitCodes.usage, 'Say what it is for: --name NAME.');
  const made = await withHub(context, options, (hub) => hub.call('createApiToken', { body: { name, scope, ttlMs } }));
  if (options.json) return printJson(context.terminal, made);
  context.terminal.out.write(`${made.token}\n`);
  const until = made.expiresAt === null ? 'until it is revoked' : `until ${made.expiresAt}`;
  say(context.terminal, `“${made.name}” may ${scope}, ${until}. It is shown this once: “Authorization: Bearer <it>”.`);
}

async function list(context: CommandContext, options: LocalOptions): Promise<void> {
  const { rows } = await withHub(context, options, (hub) => hub.call('listApiTokens', {}));
  if (options.json) return printJson(context.terminal, rows);
  const line = ({ id, name, scope, expiresAt, lastUsedAt }: ApiToken): string[] => [
    id,
    name,
    scope,
    expiresAt ?? 'never',
    lastUsedAt ?? 'never',
  ];
  printTable(context.terminal, ['id', 'name', 'may', 'ends', 'last used'], rows.map(line));
}

async function revoke(context: CommandContext, wanted: string, options: LocalOptions): Promise<void> {
  const token = await withHub(context, options, async (hub) => {
    const { rows } = await hub.call('listApiTokens', {});
    const found = rows.filter(({ id, name }) => id === wanted || name === wanted);
    const [row] = found;
    if (row === undefined) throw new CommandError(exitCodes.notFound, `There is no API token “${wanted}”.`);
    if (found.length > 1) throw new CommandError(exitCodes.usage, `Several tokens are called “${wanted}”; use the id.`);
    await hub.call('revokeApiToken', { params: { id: row.id } });
    return row;
  });
  if (options.json) return printJson(context.terminal, { revoked: token.id });
  say(context.terminal, `“${token.name}” opens nothing any more.`);
}

function parseScope(text: string): TokenScope {
  const scope = tokenScopeSchema.safeParse(text);
  if (!scope.success) throw new InvalidArgumentError('It is read, submit or admin.');
  return scope.data;
}

export function tokenCommand(context: CommandContext): Command {
  const command = localCommand('token', 'Makes a token with which another machine joins; opens the door to the network')
    .option('--uses <n>', 'machines that may join with it (1)', parseCount)
    .option('--ttl <time>', 'how long it counts (1h; an API token: until it is revoked)', parseDuration)
    .option('--api', 'makes a token for a program or a person instead')
    .option('--scope <scope>', 'what it may do: read, submit or admin', parseScope, 'read')
    .option('--name <name>', 'what the API token is for')
    .option('--ui', 'shows the owner’s own token, for the window in a browser of this machine')
    .action((options: TokenOptions) => {
      if (options.ui) return showOwnToken(context, options);
      return options.api ? makeApiToken(context, options) : makeJoinToken(context, options);
    });
  command
    .command('list')
    .description('API tokens, without their secrets')
    .action((_options: unknown, sub: Command) => list(context, sub.optsWithGlobals()));
  command
    .command('revoke <token>')
    .description('takes an API token back, by id or name; its connections end at once')
    .action((wanted: string, _options: unknown, sub: Command) => revoke(context, wanted, sub.optsWithGlobals()));
  return command;
}
