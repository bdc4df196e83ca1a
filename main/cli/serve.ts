/** What the verbs that go on running share: a level of logging, and logs on stderr. */
import { type Command, Option } from 'commander';
import { createLogger, type Logger, type LogLevel } from '../../common/log.ts';
import type { CommandContext } from './context.ts';

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
