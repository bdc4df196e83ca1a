/** `millrace node`: lends this machine to a hub. The ready line comes once it is in and pulls; until then stderr says what it waits for. */

import { Command } from 'commander';
import { stopOnSignals } from '../../common/process-exit.ts';
import { type AgentFlags, agentConfig } from '../../node-agent/config.ts';
import packageFile from '../../package.json' with { type: 'json' };
import type { CommandContext } from './context.ts';
import { printJson, say } from './output.ts';
import { type ServeOptions, servingCommand, stderrLogger } from './serve.ts';

type NodeVerbOptions = ServeOptions & AgentFlags;

async function run(context: CommandContext, options: NodeVerbOptions): Promise<void> {
  const config = agentConfig(options, context.environment);
  const logger = stderrLogger(context, options);
  const { startAgent } = await import('../../node-agent/start-agent.ts');
  const agent = await startAgent(config, {
    logger,
    version: packageFile.version,
    onEvent: (event) => {
      // Talk is for people; whoever reads stdout waits for `ready`, and may show the code of `pairing`.
      if ('message' in event) say(context.terminal, event.message);
      if (event.event !== 'waiting') printJson(context.terminal, event);
    },
  });
  stopOnSignals(() => agent.stop(), logger);
}

export function nodeCommand(context: CommandContext): Command {
  const command = new Command('node')
    .description('Lends this machine to a hub: joins it and works')
    .option('--hub <url>', 'the hub’s address; else it is found on the network (or MILLRACE_HUB)')
    .option(
      '--token <token>',
      'made on the hub by: millrace token (or MILLRACE_TOKEN); without one it shows a code to compare',
    )
    .option('--data <dir>', 'folder that holds everything it keeps (or MILLRACE_DATA)')
    .option('--name <name>', 'what others call this machine (or HOSTNAME)')
    .option('--queues <a,b>', 'only these queues')
    .option(
      '--concurrency <n>',
      'units at once, for all queues or by queue: 4 or watermark=2,upload=8 (or WORKER_CONCURRENCY)',
    )
    .action((options: NodeVerbOptions) => run(context, options));
  return servingCommand(command);
}
