/** `millrace broker`: the embedded broker alone, for tests and for whoever needs a small Redis. */

import { Command, Option } from 'commander';
import { stopOnSignals } from '../../common/process-exit.ts';
import { type CommandContext, parsePort } from './context.ts';
import { printJson } from './output.ts';
import { type ServeOptions, servingCommand, stderrLogger } from './serve.ts';

interface BrokerVerbOptions extends ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly dir?: string;
  readonly appendfsync: 'always' | 'everysec' | 'no';
  readonly requirepass?: string;
}

async function run(context: CommandContext, options: BrokerVerbOptions): Promise<void> {
  const logger = stderrLogger(context, options);
  const { startBroker } = await import('../broker/start-broker.ts');
  const { port, host, dir, appendfsync, requirepass } = options;
  const broker = await startBroker({
    port,
    host,
    appendfsync,
    ...(dir !== undefined && { dir }),
    ...(requirepass !== undefined && { requirepass }),
    // The process has nothing else to do.
    inThread: false,
    logger,
  });
  // SHUTDOWN by a client ends the command as well.
  void broker.ended.then((error) => {
    if (error !== undefined) logger.error({ error }, 'the broker ended');
    process.exit(error === undefined ? 0 : 1);
  });
  stopOnSignals(() => broker.stop(), logger);
  printJson(context.terminal, { event: 'ready', url: `redis://${host}:${broker.port}`, port: broker.port });
}

export function brokerCommand(context: CommandContext): Command {
  const command = new Command('broker')
    .description('Runs the embedded broker alone (RESP2 and RESP3)')
    .option('--port <n>', 'port; 0 picks a free one', parsePort, 6379)
    .option('--host <addr>', 'address to listen on', '127.0.0.1')
    .option('--dir <dir>', 'folder of its log; without one nothing is kept')
    .addOption(
      new Option('--appendfsync <when>', 'when the log is on disk')
        .choices(['always', 'everysec', 'no'])
        .default('everysec'),
    )
    .option('--requirepass <password>', 'password of the user “default”')
    .action((options: BrokerVerbOptions) => run(context, options));
  return servingCommand(command);
}
