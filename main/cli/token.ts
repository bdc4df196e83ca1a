/** `millrace token`: makes a token with which another machine joins, or shows the owner's own for the window. */
import type { Command } from 'commander';
import { dataFolder } from '../../common/data-folder.ts';
import { type CommandContext, type LocalOptions, localCommand, parseCount, parseDuration, withHub } from './context.ts';
import { findHub } from './find-hub.ts';
import { printJson, say } from './output.ts';

interface TokenOptions extends LocalOptions {
  readonly uses?: number;
  readonly ttl?: number;
  readonly ui?: boolean;
}

/** The owner's token of the hub on this data folder, and the window's address with it. */
async function showOwnToken(context: CommandContext, options: TokenOptions): Promise<void> {
  const { url, token } = await findHub(dataFolder(options.data, context.environment));
  const window = `${url}/#token=${token}`;
  if (options.json) return printJson(context.terminal, { token, window });
  context.terminal.out.write(`${token}\n`);
  say(context.terminal, `The window, with it: ${window}\nIt is the owner’s key to this hub: keep it to yourself.`);
}

export function tokenCommand(context: CommandContext): Command {
  return localCommand('token', 'Makes a token with which another machine joins; opens the door to the network')
    .option('--uses <n>', 'machines that may join with it (1)', parseCount)
    .option('--ttl <time>', 'how long it counts (1h)', parseDuration)
    .option('--ui', 'shows the owner’s own token, for the window in a browser of this machine')
    .action(async (options: TokenOptions) => {
      if (options.ui) return showOwnToken(context, options);
      const body = { ...(options.uses && { uses: options.uses }), ...(options.ttl && { ttlMs: options.ttl }) };
      const made = await withHub(context, options, (hub) => hub.call('createJoinToken', { body }));
      if (options.json) return printJson(context.terminal, made);
      context.terminal.out.write(`${made.token}\n`);
      say(
        context.terminal,
        `Counts until ${made.expiresAt}, for ${made.uses} machine${made.uses === 1 ? '' : 's'}. There:\n` +
          '  npm run -s millrace -- node --token <the token>',
      );
    });
}
