/** `millrace broker`: the embedded broker alone, for tests and for whoever needs a small Redis; its data checked and repaired. */

import { Command, Option } from 'commander';

import { stopOnSignals } from '../../common/process-exit.ts';
import type { FolderReport } from '../broker/start-broker.ts';
import { type CommandContext, parsePort } from './context.ts';
import { CommandError, exitCodes, printJson, printTable, type Terminal } from './output.ts';
import { type ServeOptions, servingCommand, stderrLogger } from './serve.ts';

interface BrokerVerbOptions extends ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly dir?: string;
  readonly appendfsync: 'always' | 'everysec' | 'no';
  readonly requirepass?: string;
  readonly check?: string;
  readonly repair?: string;
  readonly json?: boolean;
}

async function run(context: CommandContext, options: BrokerVerbOptions): Promise<void> {
  if (options.repair !== undefined) return repair(context, options.repair, options.json === true);
  if (options.check !== undefined) return check(context, options.check, options.json === true);
  return serve(context, options);
}

/** Exit code 0 when all is whole, 1 when something is not. */
async function check({ terminal }: CommandContext, dir: string, asJson: boolean): Promise<void> {
  const { checkFolder } = await import('../broker/start-broker.ts');
  const report = await checkFolder(dir);
  if (asJson) printJson(terminal, report);
  else printReport(terminal, report);
  if (report.ok) return;
  const verdict = report.startable
    ? 'The tail is torn, as a crash leaves it: a start cuts it by itself.'
    : 'A start is refused. --repair cuts the data at the first damage and keeps copies.';
  throw new CommandError(exitCodes.failed, verdict);
}

async function repair({ terminal }: CommandContext, dir: string, asJson: boolean): Promise<void> {
  const { repairFolder } = await import('../broker/start-broker.ts');
  const report = await repairFolder(dir);
  if (asJson) {
    printJson(terminal, report);
    return;
  }
  printReport(terminal, report.before);
  if (report.before.ok) {
    terminal.out.write('Nothing to repair.\n');
    return;
  }
  const { lostRecords, lostBytes, copies } = report;
  terminal.out.write(`Repaired: ${lostRecords} whole records and ${lostBytes} bytes were cut off.\n`);
  if (copies.length > 0) terminal.out.write(`The files as they were: ${copies.join(', ')}\n`);
}

function printReport(terminal: Terminal, report: FolderReport): void {
  const rows = report.files.map((file) => [
    file.file,
    file.state,
    String(file.sizeBytes),
    String(file.records),
    file.reason,
  ]);
  printTable(terminal, ['file', 'state', 'bytes', 'records', 'what is wrong'], rows);
  if (report.manifest === 'damaged')
    terminal.out.write('manifest.json is damaged; the files were taken by their numbers.\n');
  if (report.manifest === 'missing')
    terminal.out.write('manifest.json is missing; the files were taken by their numbers.\n');
  terminal.out.write(`${report.records} records with ${report.keys} keys can be read.\n`);
}

async function serve(context: CommandContext, options: BrokerVerbOptions): Promise<void> {
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
    .option('--check <dir>', 'says which files of a data folder are whole; exit code 1 when one is not')
    .option('--repair <dir>', 'cuts a damaged data folder at the first damage, keeping copies')
    .option('--json', 'with --check or --repair: the report as JSON')
    .action((options: BrokerVerbOptions) => run(context, options));
  return servingCommand(command);
}
