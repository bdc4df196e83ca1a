/** `millrace token`: makes a token with which another machine joins. */
import type { Command } from 'commander';
import { type CommandContext, type LocalOptions, localCommand, parseCount, parseDuration, withHub } from './context.ts';
import { printJson, say } from './output.ts';

interface TokenOptions extends LocalOptions {
  readonly uses?: number;
  readonly ttl?: number;
}

export function tokenCommand(context: CommandContext): Command {
  return localCommand('token', 'Makes a token with which another machine joins; opens the door to the network')
    .option('--uses <n>', 'machines that may join with it (1)', parseCount)
    .option('--ttl <time>', 'how long it counts (1h)', parseDuration)
    .action(async (options: TokenOptions) => {
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
