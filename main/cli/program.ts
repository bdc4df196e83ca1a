/** The `millrace` command: its verbs, put together. What a verb does is in its own file. */
import { Command } from 'commander';
import { protocolVersion } from '../../contract/node.ts';
import { brokerCommand } from './broker.ts';
import type { CommandContext } from './context.ts';
import { gcCommand } from './gc.ts';
import { hubCommand } from './hub.ts';
import { jobsCommand } from './jobs.ts';
import { nodeCommand } from './node.ts';
import { nodesCommand } from './nodes.ts';
import { type ExitCode, exitCodes, reportError } from './output.ts';
import { pairCommand } from './pair.ts';
import { queuesCommand } from './queues.ts';
import { submitCommand } from './submit.ts';
import { tokenCommand } from './token.ts';

const exitCodeHelp = `
Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 not permitted, 5 conflict, 69 service unavailable, 124 time-out.
Data goes to stdout, talk to stderr.`;

function buildProgram(context: CommandContext, version: string): Command {
  const program = new Command('millrace')
    .description('Turns the spare machines of a local network into one media worker.')
    .version(`${version} (node protocol ${protocolVersion})`)
    .addHelpText('after', exitCodeHelp);
  for (const verb of [
    hubCommand,
    nodeCommand,
    brokerCommand,
    submitCommand,
    jobsCommand,
    nodesCommand,
    queuesCommand,
    gcCommand,
    tokenCommand,
    pairCommand,
  ]) {
    program.addCommand(verb(context));
  }
  settle(program, context);
  return program;
}

/** Commander inherits these only for commands made by their parent. */
function settle(command: Command, context: CommandContext): void {
  const { out, err } = context.terminal;
  command.exitOverride();
  command.showHelpAfterError('See --help.');
  command.configureOutput({ writeOut: (text) => out.write(text), writeErr: (text) => err.write(text) });
  for (const sub of command.commands) settle(sub, context);
}

/**
 * Runs one command line (without node and file). Verbs that serve resolve once they are ready and go on.
 * @returns the exit code
 */
export async function runCommand(args: readonly string[], context: CommandContext, version: string): Promise<ExitCode> {
  try {
    await buildProgram(context, version).parseAsync([...args], { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    return reportError(context.terminal, error);
  }
}
