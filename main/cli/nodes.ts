/** `millrace nodes`: the machines and what they do; sends one away. */
import type { Command } from 'commander';
import type { Node } from '../../contract/operations/nodes.ts';
import { type CommandContext, type LocalOptions, localCommand, withHub } from './context.ts';
import type { HubClient } from './hub-client.ts';
import { CommandError, exitCodes, printJson, printTable, say } from './output.ts';

function describe(node: Node): string[] {
  const doing = node.running.map((work) => `${work.kind} ${work.item}`).join(', ');
  const cpu = node.load === null ? '' : `${Math.round(node.load.cpu * 100)} %`;
  const where = node.local ? `${node.name} (this machine)` : node.name;
  return [node.id, where, node.state, cpu, String(node.done), String(node.failed), doing];
}

async function list(context: CommandContext, options: LocalOptions): Promise<void> {
  const { rows } = await withHub(context, options, (hub) => hub.call('listNodes', {}));
  if (options.json) return printJson(context.terminal, rows);
  printTable(context.terminal, ['id', 'machine', 'state', 'cpu', 'done', 'failed', 'does'], rows.map(describe));
}

/** The machine of that id or, when only one has it, that name. */
async function findNode(hub: HubClient, idOrName: string): Promise<Node> {
  const { rows } = await hub.call('listNodes', {});
  const found = rows.filter((node) => node.id === idOrName || node.name === idOrName);
  const [node] = found;
  if (node === undefined) throw new CommandError(exitCodes.notFound, `There is no machine “${idOrName}”.`);
  if (found.length > 1)
    throw new CommandError(exitCodes.usage, `Several machines are called “${idOrName}”; use the id.`);
  return node;
}

async function show(context: CommandContext, name: string, options: LocalOptions): Promise<void> {
  const node = await withHub(context, options, (hub) => findNode(hub, name));
  if (options.json) return printJson(context.terminal, node);
  const { capability } = node;
  printTable(
    context.terminal,
    [node.name, node.state],
    [
      ['id', node.id],
      ['machine', `${capability.os} ${capability.arch}, ${capability.cores} × ${capability.cpuModel}`],
      ['memory', `${(capability.memoryBytes / 1e9).toFixed(1)} GB`],
      ['joined', node.joinedAt],
      ['last heard of', node.lastSeenAt ?? 'never'],
      ...capability.kinds.map((kind) => [kind.kind, `${kind.concurrency} at once, ${kind.engine}`]),
    ],
  );
}

async function remove(context: CommandContext, names: readonly string[], options: LocalOptions): Promise<void> {
  const removed = await withHub(context, options, async (hub) => {
    const nodes: Node[] = [];
    for (const name of names) {
      const node = await findNode(hub, name);
      await hub.call('removeNode', { params: { id: node.id } });
      nodes.push(node);
    }
    return nodes;
  });
  if (options.json) return printJson(context.terminal, { removed: removed.map((node) => node.id) });
  for (const node of removed) say(context.terminal, `${node.name} was sent away; its work goes elsewhere.`);
}

export function nodesCommand(context: CommandContext): Command {
  const command = localCommand('nodes', 'The machines and what they do').action((options: LocalOptions) =>
    list(context, options),
  );
  command
    .command('show <machine>')
    .description('one machine, by id or name')
    .action((name: string, _options: unknown, sub: Command) => show(context, name, sub.optsWithGlobals()));
  command
    .command('remove <machine...>')
    .description('sends machines away; their work goes elsewhere')
    .action((names: string[], _options: unknown, sub: Command) => remove(context, names, sub.optsWithGlobals()));
  return command;
}
