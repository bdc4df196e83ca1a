/** `millrace jobs`: lists jobs, shows one, retries, cancels, pauses, waits. */
import { type Command, Option } from 'commander';
import type { OperationQuery } from '../../contract/hub-api.ts';
import { finalJobStates, type Job, type JobDetail, jobStateSchema } from '../../contract/item.ts';
import { type CommandContext, type LocalOptions, localCommand, parseCount, parseDuration, withHub } from './context.ts';
import type { HubClient } from './hub-client.ts';
import { CommandError, exitCodes, printJson, printTable, say, type Terminal } from './output.ts';

/** A job as scripts see it (DESIGN §6); fields are only ever added. */
export function jobRow(job: Job): Record<string, unknown> {
  const { id, item, pipeline, priority, state, reason, error, stages, batchId, createdAt, finishedAt } = job;
  return {
    id,
    item,
    pipeline,
    priority,
    state,
    ...(reason !== undefined && { reason }),
    ...(error !== undefined && { error }),
    stages,
    batchId,
    createdAt,
    finishedAt,
  };
}

/** All jobs of a filter, page by page, newest first. */
export async function* eachJob(hub: HubClient, filter: OperationQuery<'listJobs'>): AsyncGenerator<Job> {
  let cursor: string | undefined;
  do {
    const query = { ...filter, limit: 500, ...(cursor !== undefined && { cursor }) };
    const { rows, nextCursor } = await hub.call('listJobs', { query });
    yield* rows;
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined);
}

export function printJobs(terminal: Terminal, jobs: readonly Job[]): void {
  printTable(
    terminal,
    ['id', 'item', 'pipeline', 'priority', 'state', 'steps', 'what'],
    jobs.map((job) => [
      job.id,
      job.item,
      job.pipeline,
      job.priority,
      job.state,
      `${job.stages.done}/${job.stages.total}`,
      job.error?.message ?? job.reason ?? '',
    ]),
  );
}

interface ListOptions extends LocalOptions {
  readonly state?: string;
  readonly batch?: string;
  readonly pipeline?: string;
  readonly limit?: number;
}

async function list(context: CommandContext, options: ListOptions): Promise<void> {
  const state = jobStateSchema.optional().parse(options.state);
  const filter = {
    ...(state && { state: [state] }),
    ...(options.batch && { batchId: options.batch }),
    ...(options.pipeline && { pipeline: options.pipeline }),
  };
  const jobs = await withHub(context, options, async (hub) => {
    const found: Job[] = [];
    for await (const job of eachJob(hub, filter)) {
      found.push(job);
      if (found.length === options.limit) break;
    }
    return found;
  });
  if (options.json) printJson(context.terminal, jobs.map(jobRow));
  else printJobs(context.terminal, jobs);
}

async function show(context: CommandContext, id: string, options: LocalOptions): Promise<void> {
  const job = await withHub(context, options, (hub) => hub.call('getJob', { params: { id } }));
  if (options.json) return printJson(context.terminal, job);
  printJobs(context.terminal, [job]);
  const stages = job.stageList.map((stage) => {
    const last = stage.attempts.at(-1);
    const what = stage.error?.message ?? stage.reason ?? (stage.cached ? 'known already' : '');
    return [stage.kind, stage.state, last?.nodeName ?? '', String(stage.attempts.length), what];
  });
  context.terminal.out.write('\n');
  printTable(context.terminal, ['step', 'state', 'machine', 'tries', 'what'], stages);
  printEvidence(context.terminal, job);
  if (job.artifacts.length === 0) return;
  context.terminal.out.write('\n');
  const artifacts = job.artifacts.map(({ role, name, sizeBytes, sha256 }) => [role, name, String(sizeBytes), sha256]);
  printTable(context.terminal, ['result', 'name', 'bytes', 'sha256'], artifacts);
}

/** Tries that went wrong: which machine, what it said, whether it proved itself right after, and the process's last lines. */
function printEvidence(terminal: Terminal, job: JobDetail): void {
  const failed = job.stageList.flatMap((stage) =>
    stage.attempts.flatMap(({ nodeName, error }) => (error ? [{ kind: stage.kind, nodeName, error }] : [])),
  );
  if (failed.length === 0) return;
  terminal.out.write('\n');
  const lastLine = (log: string | undefined): string => log?.trim().split('\n').at(-1) ?? '';
  printTable(
    terminal,
    ['failed step', 'machine', 'error', 'what', 'own test', 'last line'],
    failed.map(({ kind, nodeName, error }) => [
      kind,
      nodeName,
      error.code,
      error.message,
      String(error.details?.['check'] ?? ''),
      lastLine(error.log),
    ]),
  );
}

/** Waits until the job is in a final state. The hub answers as soon as it is; a lost time limit ends with 124. */
export async function waitForJob(hub: HubClient, id: string, deadlineMs: number | null): Promise<Job> {
  for (;;) {
    const leftMs = deadlineMs === null ? 30_000 : Math.max(0, deadlineMs - performance.now());
    const job = await hub.call('getJob', { params: { id }, query: { waitMs: Math.ceil(Math.min(30_000, leftMs)) } });
    if (finalJobStates.includes(job.state)) return job;
    if (deadlineMs !== null && performance.now() >= deadlineMs) {
      throw new CommandError(exitCodes.timeOut, `“${job.item}” is not done in time; it goes on. It is ${job.state}.`);
    }
  }
}

async function wait(
  context: CommandContext,
  ids: readonly string[],
  options: LocalOptions & { timeout?: number },
): Promise<void> {
  const deadlineMs = options.timeout === undefined ? null : performance.now() + options.timeout;
  const jobs = await withHub(context, options, async (hub) => {
    const ended: Job[] = [];
    for (const id of ids) ended.push(await waitForJob(hub, id, deadlineMs));
    return ended;
  });
  if (options.json) printJson(context.terminal, jobs.map(jobRow));
  else printJobs(context.terminal, jobs);
  const failed = jobs.filter((job) => job.state !== 'done').length;
  if (failed > 0) throw new CommandError(exitCodes.failed, `${failed} of ${jobs.length} did not end well.`);
}

/** Retries, cancels, pauses or resumes each; says what became of it. */
async function change(
  context: CommandContext,
  operation: 'retryJob' | 'cancelJob' | 'pauseJob' | 'resumeJob',
  ids: readonly string[],
  options: LocalOptions,
): Promise<void> {
  const jobs = await withHub(context, options, async (hub) => {
    const changed: Job[] = [];
    for (const id of ids) changed.push(await hub.call(operation, { params: { id } }));
    return changed;
  });
  if (options.json) return printJson(context.terminal, jobs.map(jobRow));
  for (const job of jobs) say(context.terminal, `“${job.item}” is ${job.state}.`);
}

export function jobsCommand(context: CommandContext): Command {
  const command = localCommand('jobs', 'Jobs and what became of them, newest first')
    .addOption(new Option('--state <state>', 'only these').choices(jobStateSchema.options))
    .option('--batch <id>', 'only those of one drop or submit')
    .option('--pipeline <name>', 'only those of one pipeline')
    .option('--limit <n>', 'at most so many', parseCount)
    .action((options: ListOptions) => list(context, options));
  const all = <T>(sub: Command): T => sub.optsWithGlobals<T & LocalOptions>();
  command
    .command('show <id>')
    .description('one job: its steps, tries and results')
    .action((id: string, _options: unknown, sub: Command) => show(context, id, all(sub)));
  command
    .command('wait <id...>')
    .description('waits until they have ended; 1 when one failed')
    .option('--timeout <time>', 'gives up with 124 after this (30s, 5m …)', parseDuration)
    .action((ids: string[], _options: unknown, sub: Command) => wait(context, ids, all(sub)));
  command
    .command('retry <id...>')
    .description('tries failed jobs again; what is done stays done')
    .action((ids: string[], _options: unknown, sub: Command) => change(context, 'retryJob', ids, all(sub)));
  command
    .command('cancel <id...>')
    .description('stops jobs')
    .action((ids: string[], _options: unknown, sub: Command) => change(context, 'cancelJob', ids, all(sub)));
  for (const [verb, operation, help] of [
    ['pause', 'pauseJob', 'takes jobs back, and places them no more'],
    ['resume', 'resumeJob', 'goes on with paused jobs'],
  ] as const) {
    command
      .command(`${verb} <id...>`)
      .description(help)
      .action((ids: string[], _options: unknown, sub: Command) => change(context, operation, ids, all(sub)));
  }
  return command;
}
