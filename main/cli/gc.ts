/** `millrace gc`: puts blobs that nothing refers to into the trash, or only says what would go. */
import type { Command } from 'commander';
import { type CommandContext, type LocalOptions, localCommand, withHub } from './context.ts';
import { printJson, printTable } from './output.ts';

interface GcOptions extends LocalOptions {
  readonly dryRun?: boolean;
}

export function gcCommand(context: CommandContext): Command {
  return localCommand('gc', 'Collects stored bytes that nothing refers to: trash after a day, gone three days later')
    .option('--dry-run', 'changes nothing, and says what would go')
    .action(async (options: GcOptions) => {
      const body = { dryRun: options.dryRun === true };
      const garbage = await withHub(context, options, (hub) => hub.call('collectGarbage', { body }));
      if (options.json) return printJson(context.terminal, garbage);
      const { trashed, deleted, restored } = garbage;
      const rows = Object.entries({
        'to the trash': trashed,
        'gone for good': deleted,
        'back from the trash': restored,
      });
      printTable(
        context.terminal,
        [garbage.dryRun ? 'would be' : 'was', 'files', 'bytes'],
        rows.map(([what, { blobs, bytes }]) => [what, String(blobs), String(bytes)]),
      );
    });
}
