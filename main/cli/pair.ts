/** `millrace pair`: machines that ask to be let in, and the owner's word about one after comparing its code. */
import { Argument, type Command } from 'commander';
import { spokenCode } from '../../common/pairing-code.ts';
import type { PairingRequest } from '../../contract/operations/pairing.ts';
import { type CommandContext, type LocalOptions, localCommand, withHub } from './context.ts';
import type { HubClient } from './hub-client.ts';
import { CommandError, exitCodes, printJson, printTable, say } from './output.ts';

interface PairOptions extends LocalOptions {
  readonly reject?: boolean;
}

/** Machines can only ask at an open door. */
async function openDoor(context: CommandContext, hub: HubClient): Promise<void> {
  const { acceptNodes } = await hub.call('getSettings', {});
  if (acceptNodes) return;
  await hub.call('updateSettings', { body: { acceptNodes: true } });
  say(context.terminal, 'This hub accepts machines from the network from now on.');
}

async function list(context: CommandContext, options: PairOptions): Promise<void> {
  const { rows, turnedAway } = await withHub(context, options, async (hub) => {
    await openDoor(context, hub);
    return hub.call('listPairingRequests', {});
  });
  if (turnedAway > 0)
    say(
      context.terminal,
      `${turnedAway} requests of the last ten minutes were turned away: somebody asks too often. A token is the safer way in: millrace token`,
    );
  if (options.json) return printJson(context.terminal, rows);
  if (rows.length === 0)
    return say(context.terminal, 'No machine asks to be let in. There: npm run -s millrace -- node');
  const line = ({ code, name, address, os, cores, state }: PairingRequest): string[] => [
    spokenCode(code),
    name,
    address,
    `${os}, ${cores} cores`,
    state,
  ];
  printTable(context.terminal, ['code', 'machine', 'from', 'is', 'state'], rows.map(line));
  say(context.terminal, 'Does a machine show the same code? Then: millrace pair CODE');
}

/** The one request with this code or id. */
function findRequest(rows: readonly PairingRequest[], wanted: string): PairingRequest {
  const code = wanted.replace(/\s/g, '');
  const found = rows.filter((row) => row.code === code || row.id === wanted);
  const [request] = found;
  if (request === undefined)
    throw new CommandError(
      exitCodes.notFound,
      `No machine asks with the code or id “${wanted}”. If one shows this code, something stands between it and this hub.`,
    );
  if (found.length > 1)
    throw new CommandError(
      exitCodes.conflict,
      'Two machines ask with this code; that is no accident. Let both ask anew.',
    );
  return request;
}

async function decide(context: CommandContext, wanted: string, options: PairOptions): Promise<void> {
  const request = await withHub(context, options, async (hub) => {
    const { rows } = await hub.call('listPairingRequests', {});
    const found = findRequest(rows, wanted);
    const params = { id: found.id };
    if (options.reject) await hub.call('rejectPairing', { params });
    else await hub.call('approvePairing', { params, body: { code: found.code } });
    return found;
  });
  const outcome = options.reject ? 'rejected' : 'approved';
  if (options.json) return printJson(context.terminal, { id: request.id, name: request.name, outcome });
  say(context.terminal, options.reject ? `${request.name} was turned away.` : `${request.name} is let in.`);
}

export function pairCommand(context: CommandContext): Command {
  return localCommand('pair', 'Machines that ask to be let in; lets one in whose code you compared')
    .addArgument(
      new Argument('[code...]', 'the code that the machine shows (a space in it does not matter), or the id'),
    )
    .option('--reject', 'turns it away instead')
    .action((words: readonly string[], options: PairOptions) =>
      words.length === 0 ? list(context, options) : decide(context, words.join(' '), options),
    );
}
