/** `millrace queues`: how much waits, runs, is done and failed, by queue and kind of step. */
import type { Command } from 'commander';
import { type CommandContext, type LocalOptions, localCommand, withHub } from './context.ts';
import { printJson, printTable } from './output.ts';

export function queuesCommand(context: CommandContext): Command {
  return localCommand('queues', 'Counts by queue and kind of step').action(async (options: LocalOptions) => {
    const { rows } = await withHub(context, options, (hub) => hub.call('listQueues', {}));
    if (options.json) return printJson(context.terminal, rows);
    printTable(
      context.terminal,
      ['queue', 'kind', 'waiting', 'running', 'done', 'failed'],
      rows.map((row) => [row.queue, row.kind, ...[row.waiting, row.running, row.done, row.failed].map(String)]),
    );
  });
}
