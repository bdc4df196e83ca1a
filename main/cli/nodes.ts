/** `millrace nodes`: the machines and what they do; names, trusts, pauses, drains, tests and sends them away. */
import type { Command } from 'commander';
import type { Node } from '../../contract/operations/nodes.ts';
import { type CommandContext, type LocalOptions, localCommand, withHub } from './context.ts';
import type { HubClient } from './hub-client.ts';
import { CommandError, exitCodes, printJson, printTable, say } from './output.ts';

function describe(node: Node): string[] {
  const doing = node.running.map((work) => `${work.kind} ${work.item}`).join(', ');
  const cpu = node.load === null ? '' : `${Math.round(node.load.cpu * 100)} %`;
  const where = node.local ? `${node.name} (this machine)` : node.name;
  const benched = node.benched.map(({ kind }) => kind).join(', ');
  const state = benched === '' ? node.state : `${node.state}, benched: ${benched}`;
  return [node.id, where, state, cpu, String(node.done), String(node.failed), doing];
}

async function list(context: CommandContext, options: LocalOptions): Promise<void> {
  const { rows } = await withHub(context, options, (hub) => hub.call('listNodes', {}));
  if (options.json) return printJson(context.terminal, rows);
  printTable(context.terminal, ['id', 'machine', 'state', 'cpu', 'done', 'failed', 'does'], rows.map(describe));
  for (const { name, trouble } of rows) if (trouble) say(context.terminal, `${name}: ${trouble.message}`);
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
      ['trusted', node.trusted ? 'yes' : 'no'],
      ['last heard of', node.lastSeenAt ?? 'never'],
      ...capability.kinds.map((kind) => [kind.kind, `${kind.concurrency} at once, ${kind.engine}`]),
      ...node.benched.map(({ kind, since, nextCheckAt, error }) => [
        `benched: ${kind}`,
        `since ${since}, tested again ${nextCheckAt}: ${error.message}`,
      ]),
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
  for (const node of removed)
    say(context.terminal, `${node.name} was sent away; its work goes elsewhere. What its join token had left is void.`);
}

type Change = { readonly trusted: boolean } | { readonly hold: Node['hold'] };

/** What the verbs that change a machine do, and how they say it. */
const changes: Readonly<Record<string, { readonly change: Change; readonly help: string; readonly said: string }>> = {
  trust: { change: { trusted: true }, help: 'lets machines take jobs that are not for all', said: 'is trusted' },
  distrust: { change: { trusted: false }, help: 'takes that back', said: 'is not trusted' },
  pause: { change: { hold: 'pause' }, help: 'stops what runs there, and gives it to others', said: 'is paused' },
  drain: { change: { hold: 'drain' }, help: 'gives them no more; what runs comes to its end', said: 'is drained' },
  resume: { change: { hold: 'none' }, help: 'lets them work again', said: 'works again' },
};

/** Does `act` to each of the machines named; says what became of it. */
async function each(
  context: CommandContext,
  names: readonly string[],
  options: LocalOptions,
  said: string,
  act: (hub: HubClient, node: Node) => Promise<Node>,
): Promise<void> {
  const changed = await withHub(context, options, async (hub) => {
    const nodes: Node[] = [];
    for (const name of names) nodes.push(await act(hub, await findNode(hub, name)));
    return nodes;
  });
  if (options.json) return printJson(context.terminal, changed);
  for (const node of changed) say(context.terminal, `${node.name} ${said}.`);
}

function addChanges(command: Command, context: CommandContext): void {
  for (const [verb, { change, help, said }] of Object.entries(changes)) {
    command
      .command(`${verb} <machine...>`)
      .description(help)
      .action((names: string[], _options: unknown, sub: Command) =>
        each(context, names, sub.optsWithGlobals(), said, (hub, node) =>
          hub.call('changeNode', { params: { id: node.id }, body: change }),
        ),
      );
  }
  command
    .command('unbench <machine>')
    .description('gives a machine that missed its own test work again; it is tested at once')
    .option('--kind <kind>', 'of this kind of step only')
    .action((name: string, _options: unknown, sub: Command) => {
      const options = sub.optsWithGlobals<LocalOptions & { kind?: string }>();
      return each(context, [name], options, 'works again and is tested', (hub, node) =>
        hub.call('unbenchNode', {
          params: { id: node.id },
          body: options.kind === undefined ? {} : { kind: options.kind },
        }),
      );
    });
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
    .alias('revoke')
    .description('sends machines away; their work goes elsewhere')
    .action((names: string[], _options: unknown, sub: Command) => remove(context, names, sub.optsWithGlobals()));
  command
    .command('rename <machine> [name]')
    .description('gives a machine another name; without one, it is called what it calls itself')
    .action((machine: string, name: string | undefined, _options: unknown, sub: Command) =>
      each(context, [machine], sub.optsWithGlobals(), 'is its name', (hub, node) =>
        hub.call('changeNode', { params: { id: node.id }, body: { name: name ?? null } }),
      ),
    );
  addChanges(command, context);
  return command;
}
