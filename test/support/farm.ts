/** Real hubs and nodes as processes, started through the command line as a user would, and what tests ask of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { finalJobStates, type JobDetail } from '../../contract/item.ts';
import { createHubClient, type HubClient } from '../../main/cli/hub-client.ts';

const cli = join(import.meta.dirname, '..', '..', 'main', 'cli', 'index.ts');

/** Starts a program; tests in namespaces give their host's own. */
export type Spawn = (command: string, args: readonly string[], environment: NodeJS.ProcessEnv) => ChildProcess;

const spawnHere: Spawn = (command, args, env) => spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });

export interface RunningProcess {
  readonly child: ChildProcess;
  /** What it wrote to stderr so far. */
  log(): string;
  /** `kill -9`, and waits for its end. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for its end. */
  stop(): Promise<void>;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = once(child, 'exit');
  child.kill(signal);
  await over;
}

/** Starts `millrace …` and resolves with its first line of the wanted kind. */
async function startCommand<T extends z.ZodType>(
  args: readonly string[],
  line: T,
  start: Spawn,
  environment: NodeJS.ProcessEnv,
): Promise<RunningProcess & { ready: z.output<T> }> {
  const child = start(process.execPath, [cli, ...args], { ...process.env, ...environment });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const running: RunningProcess = {
    child,
    log: () => log,
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
  };
  if (!child.stdout) throw new Error('the process has no stdout');
  const lines = createInterface({ input: child.stdout });
  const ready = new Promise<z.output<T>>((resolve, reject) => {
    lines.on('line', (text) => {
      const parsed = line.safeParse(JSON.parse(text));
      if (parsed.success) resolve(parsed.data);
    });
    child.on('exit', (code) =>
      reject(new Error(`millrace ${args.join(' ')} ended with ${code} before it was ready:\n${log}`)),
    );
  });
  return { ...running, ready: await ready };
}

const hubReady = z.object({ event: z.literal('ready'), url: z.url(), port: z.int(), brokerPort: z.int() });
const brokerReady = z.object({ event: z.literal('ready'), url: z.url(), port: z.int() });
const nodeReady = z.object({ event: z.literal('ready'), node: z.string(), hub: z.string() });

export interface FarmHub extends RunningProcess {
  readonly url: string;
  readonly brokerPort: number;
  readonly dataDir: string;
  readonly token: string;
  readonly client: HubClient;
}

/** A farm in a folder of its own; `close` ends whatever it started. */
export async function createFarm() {
  const dir = await mkdtemp(join(tmpdir(), 'mr-farm-'));
  const running: RunningProcess[] = [];
  const clients: HubClient[] = [];

  return {
    dir,
    /** @param args more flags of `millrace hub` */
    async hub(
      args: readonly string[] = [],
      options: { start?: Spawn; environment?: NodeJS.ProcessEnv; dataDir?: string } = {},
    ): Promise<FarmHub> {
      const dataDir = options.dataDir ?? join(dir, 'hub');
      const hub = await startCommand(
        ['hub', '--data', dataDir, '--port', '0', ...args],
        hubReady,
        options.start ?? spawnHere,
        options.environment ?? {},
      );
      running.push(hub);
      const token = (await readFile(join(dataDir, 'token'), 'utf8')).trim();
      const client = createHubClient(hub.ready.url, token);
      clients.push(client);
      return { ...hub, url: hub.ready.url, brokerPort: hub.ready.brokerPort, dataDir, token, client };
    },
    /** @param name of the machine, and of its folder: a second start with the same name is the same machine */
    async node(
      name: string,
      args: readonly string[],
      options: { start?: Spawn; environment?: NodeJS.ProcessEnv } = {},
    ) {
      const node = await startCommand(
        ['node', '--data', join(dir, name), '--name', name, ...args],
        nodeReady,
        options.start ?? spawnHere,
        options.environment ?? {},
      );
      running.push(node);
      return { ...node, name };
    },
    /** The broker alone. @param args flags of `millrace broker` */
    async broker(args: readonly string[]): Promise<RunningProcess> {
      const broker = await startCommand(['broker', ...args], brokerReady, spawnHere, {});
      running.push(broker);
      return broker;
    },
    running: (): readonly RunningProcess[] => running,
    async close(): Promise<void> {
      await Promise.all(running.map((one) => one.kill()));
      await Promise.all(clients.map((client) => client.close()));
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
export type Farm = Awaited<ReturnType<typeof createFarm>>;

/** A join token for so many machines. */
export async function joinToken(hub: FarmHub, uses = 1): Promise<string> {
  return (await hub.client.call('createJoinToken', { body: { uses } })).token;
}

/** Drops files by path as one batch; answers the jobs' ids. Refused files are an error of the test. */
export async function drop(
  hub: FarmHub,
  paths: readonly string[],
  options: Record<string, string | number> = {},
): Promise<string[]> {
  const batch = await hub.client.call('createBatch', { body: { pipeline: 'watermark', options } });
  const jobs: string[] = [];
  for (const path of paths) {
    const bytes = await readFile(path);
    const { files } = await hub.client.call('addFileToBatch', {
      params: { id: batch.id },
      query: { name: path.slice(path.lastIndexOf('/') + 1) },
      body: { bytes, sizeBytes: bytes.length },
    });
    for (const file of files) {
      if ('problem' in file) throw new Error(`${file.name}: ${file.problem.code} ${file.problem.detail}`);
      jobs.push(file.jobId);
    }
  }
  return jobs;
}

/** Waits until each job has ended. Throws naming those that have not when the time is over. */
export async function ended(hub: FarmHub, jobs: readonly string[], limitMs: number): Promise<JobDetail[]> {
  const deadline = performance.now() + limitMs;
  const wait = async (id: string): Promise<JobDetail> => {
    for (;;) {
      const leftMs = Math.max(0, Math.min(30_000, Math.round(deadline - performance.now())));
      const job = await hub.client.call('getJob', { params: { id }, query: { waitMs: leftMs } });
      if (finalJobStates.includes(job.state)) return job;
      if (performance.now() >= deadline)
        throw new Error(
          `${job.item} is ${job.state} after ${limitMs} ms: ${job.reason ?? 'no reason'}\n${hub.log().slice(-4_000)}`,
        );
    }
  };
  const details: JobDetail[] = [];
  for (const id of jobs) details.push(await wait(id));
  return details;
}

const hubEvent = /^event: (.+)\ndata: (.+)$/m;

/** Resolves with the first event of the hub that `wanted` accepts. */
export async function eventOf(
  hub: FarmHub,
  wanted: (name: string, data: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  const stream = await hub.client.fetchBytes('streamEvents', {});
  let text = '';
  try {
    for await (const chunk of stream.setEncoding('utf8')) {
      text += chunk;
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const [, name = '', data = '{}'] = hubEvent.exec(frame) ?? [];
        const parsed = z.record(z.string(), z.unknown()).parse(JSON.parse(data));
        if (wanted(name, parsed)) return parsed;
      }
    }
  } finally {
    stream.destroy();
  }
  throw new Error('the event stream ended');
}
