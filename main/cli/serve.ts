/** What the verbs that go on running share: logs on stderr, the ready line on stdout, and an end in order. */
import { type Command, Option } from 'commander';
import { createLogger, type Logger, type LogLevel } from '../../common/log.ts';
import { stopOnSignals } from '../../common/process-exit.ts';
import { type CommandContext, collect } from './context.ts';
import { printJson } from './output.ts';

export interface ServeOptions {
  readonly logLevel: LogLevel;
}

/** Adds what every such verb takes. */
export function servingCommand(command: Command): Command {
  return command.addOption(
    new Option('--log-level <level>', 'how much is told on stderr')
      .choices(['debug', 'info', 'warn', 'error'])
      .default('info')
      .env('MILLRACE_LOG_LEVEL'),
  );
}

export function stderrLogger(context: CommandContext, options: ServeOptions): Logger {
  return createLogger(options.logLevel, (line) => void context.terminal.err.write(line));
}

/** Says that it is ready, and ends in order at a signal. */
export function serve(context: CommandContext, logger: Logger, ready: object, stop: () => Promise<void>): void {
  stopOnSignals(stop, logger);
  printJson(context.terminal, { event: 'ready', ...ready });
}

/** `a,b` and repeated flags alike. */
export const collectList = (value: string, before: readonly string[]): readonly string[] =>
  value.split(',').reduce<readonly string[]>((all, one) => (one.trim() ? collect(one.trim(), all) : all), before);
