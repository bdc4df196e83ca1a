/** `millrace submit`: sends files to the hub as one batch; waits for the results and writes them to a folder when asked to. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import type { Problem } from '../../contract/errors.ts';
import {
  type Batch,
  type Job,
  type Priority,
  type Privacy,
  prioritySchema,
  privacySchema,
} from '../../contract/item.ts';
import { pipelineDefinition } from '../../contract/pipelines/index.ts';
import { type CommandContext, collect, type LocalOptions, localCommand, parseDuration, withHub } from './context.ts';
import type { HubClient } from './hub-client.ts';
import { eachJob, jobRow, printJobs, waitForJob } from './jobs.ts';
import { findFiles, type LocalFile, mapAtOnce } from './local-files.ts';
import { CommandError, exitCodes, printJson, say, type Terminal } from './output.ts';
import { createArtifactSaver } from './save-artifacts.ts';

interface SubmitOptions extends LocalOptions {
  readonly pipeline: string;
  readonly option: readonly string[];
  readonly priority: Priority;
  readonly privacy: Privacy;
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly out?: string;
}

interface Refused {
  readonly item: string;
  readonly error: Pick<Problem, 'code' | 'detail' | 'hint'>;
}

/** Uploads at once. */
const uploadWidth = 4;
const progressEveryMs = 1_000;

function parseOptions(pairs: readonly string[]): Map<string, string> {
  const options = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new CommandError(exitCodes.usage, `--option takes key=value, not “${pair}”.`);
    options.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return options;
}

/** Options as the hub takes them: local files among them are sent first and become references to their bytes. */
async function resolveOptions(hub: HubClient, pipeline: string, texts: ReadonlyMap<string, string>) {
  const fileOptions = new Set(pipelineDefinition(pipeline)?.fileOptions.map((option) => option.name));
  const options: Record<string, string | { sha256: string; sizeBytes: number; mediaType: string; name: string }> = {};
  for (const [name, value] of texts) {
    const isLocalFile = fileOptions.has(name) && !/^https?:\/\//i.test(value);
    if (!isLocalFile) {
      options[name] = value;
      continue;
    }
    const there = await stat(value).catch(() => undefined);
    if (!there?.isFile()) throw new CommandError(exitCodes.notFound, `Option ${name}: there is no file “${value}”.`);
    const body = { bytes: createReadStream(value), sizeBytes: there.size };
    const stored = await hub.call('putLooseBlob', { query: { name: basename(value) }, body });
    options[name] = { ...stored, name: basename(value) };
  }
  return options;
}

async function sendFiles(
  hub: HubClient,
  batch: Batch,
  files: readonly LocalFile[],
): Promise<{ jobIds: string[]; refused: Refused[] }> {
  const answers = await mapAtOnce(files, uploadWidth, async (file) => {
    const body = { bytes: createReadStream(file.path), sizeBytes: file.sizeBytes };
    return await hub.call('addFileToBatch', { params: { id: batch.id }, query: { name: file.name }, body });
  });
  const jobIds: string[] = [];
  const refused: Refused[] = [];
  for (const accepted of answers.flatMap((answer) => answer.files)) {
    if ('jobId' in accepted) jobIds.push(accepted.jobId);
    else {
      const { code, detail, hint } = accepted.problem;
      refused.push({ item: accepted.name, error: { code, detail, hint } });
    }
  }
  return { jobIds, refused };
}

/** Tells how far the batch is: one line that is written over on a terminal, a line whenever it changed elsewhere. */
function startProgress(hub: HubClient, batchId: string, terminal: Terminal): () => void {
  let last = '';
  const tick = async (): Promise<void> => {
    const { counts } = await hub.call('getBatch', { params: { id: batchId } });
    const total = counts.waiting + counts.running + counts.done + counts.failed + counts.cancelled;
    const failed = counts.failed > 0 ? `, ${counts.failed} failed` : '';
    const text = `${counts.done} of ${total} done, ${counts.running} running${failed}`;
    if (text !== last) terminal.err.write(terminal.err.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
    last = text;
  };
  const timer = setInterval(() => void tick().catch(() => {}), progressEveryMs);
  return () => {
    clearInterval(timer);
    if (terminal.err.isTTY && last !== '') terminal.err.write('\r\u001b[K');
  };
}

async function waitForAll(
  hub: HubClient,
  batch: Batch,
  jobIds: readonly string[],
  terminal: Terminal,
  timeoutMs: number | undefined,
): Promise<void> {
  const deadlineMs = timeoutMs === undefined ? null : performance.now() + timeoutMs;
  const stopProgress = startProgress(hub, batch.id, terminal);
  try {
    // The last one sent is mostly the last one done: then the others answer at once.
    for (const id of jobIds.toReversed()) await waitForJob(hub, id, deadlineMs);
  } finally {
    stopProgress();
  }
}

async function jobsOf(hub: HubClient, batch: Batch): Promise<Job[]> {
  const jobs: Job[] = [];
  for await (const job of eachJob(hub, { batchId: batch.id })) jobs.push(job);
  return jobs.toReversed();
}

function report(
  terminal: Terminal,
  options: SubmitOptions,
  batch: Batch,
  jobs: readonly Job[],
  refused: Refused[],
): void {
  if (options.json) {
    printJson(terminal, { batch: batch.id, jobs: jobs.map(jobRow), refused });
    return;
  }
  printJobs(terminal, jobs);
  for (const { item, error } of refused) say(terminal, `${item}: ${error.detail} ${error.hint} [${error.code}]`);
}

async function submit(context: CommandContext, paths: readonly string[], options: SubmitOptions): Promise<void> {
  const { terminal } = context;
  const texts = parseOptions(options.option);
  const files = await findFiles(paths);
  await withHub(context, options, async (hub) => {
    const { pipeline, priority, privacy } = options;
    const order = { pipeline, priority, privacy, options: await resolveOptions(hub, pipeline, texts) };
    const batch = await hub.call('createBatch', {
      body: { ...order, name: paths.length === 1 ? (files[0]?.name ?? '') : '' },
    });
    const { jobIds, refused } = await sendFiles(hub, batch, files);
    const isWaiting = options.wait === true || options.out !== undefined || options.timeout !== undefined;
    if (isWaiting) await waitForAll(hub, batch, jobIds, terminal, options.timeout);
    const jobs = await jobsOf(hub, batch);
    if (options.out !== undefined) {
      const save = createArtifactSaver(hub, options.out);
      let saved = 0;
      for (const job of jobs) saved += (await save(job.id)).length;
      say(terminal, `${saved} result${saved === 1 ? '' : 's'} in ${options.out}`);
    }
    report(terminal, options, batch, jobs, refused);
    const failed = isWaiting ? jobs.filter((job) => job.state !== 'done').length : 0;
    if (refused.length + failed > 0) {
      throw new CommandError(exitCodes.failed, `${failed} failed, ${refused.length} not taken, of ${files.length}.`);
    }
  });
}

export function submitCommand(context: CommandContext): Command {
  return localCommand('submit', 'Sends files and folders to the hub as one batch')
    .argument('<files...>', 'files and folders')
    .requiredOption('--pipeline <name>', 'what to do with them, e.g. watermark')
    .option('--option <key=value>', 'an option of the pipeline; may be given several times', collect, [])
    .addOption(new Option('--priority <priority>', 'how soon').choices(prioritySchema.options).default('normal'))
    .addOption(new Option('--privacy <class>', 'where the files may go').choices(privacySchema.options).default('any'))
    .option('--wait', 'waits until all have ended; 1 when one failed')
    .option('--timeout <time>', 'gives up waiting with 124 after this (30s, 5m …)', parseDuration)
    .option('--out <dir>', 'waits, and writes the results to DIR/<file name>/')
    .action((files: string[], options: SubmitOptions) => submit(context, files, options));
}
