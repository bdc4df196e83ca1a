/** What an agent is started with: flags and variables, parsed once. Flags win over variables, those over what the system says. */
import os from 'node:os';
import { z } from 'zod';
import { dataFolder } from '../common/data-folder.ts';
import { MillraceError } from '../contract/errors.ts';
import { nameSchema } from '../contract/ids.ts';
import { joinTokenSchema, type ParentConfig } from '../contract/node.ts';
import { parseHubAddress } from './hub-address.ts';

export interface Concurrency {
  /** For every queue that is not named. */
  readonly all: number | null;
  readonly byQueue: Readonly<Record<string, number>>;
}

export interface AgentConfig {
  /** Holds everything that the node keeps; one process a folder. */
  readonly dataDir: string;
  readonly name: string;
  /** `http://127.0.0.1:port` or `https://host:port`; null: found by the token's hints, the last addresses, or mDNS. */
  readonly hubUrl: string | null;
  readonly token: string | null;
  /** Only these queues; null: all that this machine can do. */
  readonly queues: readonly string[] | null;
  readonly concurrency: Concurrency;
  /** Without a token, ask the hub to be let in by a code. Off for the hub's own node: nobody could compare anything. */
  readonly asksToJoin: boolean;
  /** Look for hubs on the network. Off for the hub's own node, whose hub is its parent. */
  readonly discover: boolean;
  /** The hub's folder of blobs, where it is on this machine and this is the hub's own node. */
  readonly hubBlobDir: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Flags of `millrace node`, as texts. */
export interface AgentFlags {
  readonly data?: string | undefined;
  readonly name?: string | undefined;
  readonly hub?: string | undefined;
  readonly token?: string | undefined;
  /** `a,b`. */
  readonly queues?: string | undefined;
  /** `4`, or by queue `watermark=2,upload=8`, or both: `4,upload=8`. 0 leaves a queue out. */
  readonly concurrency?: string | undefined;
}

const invalid = (option: string, why: string): MillraceError => new MillraceError('option_invalid', why, { option });

const countSchema = z
  .stringFormat('count', /^\d{1,4}$/)
  .transform(Number)
  .pipe(z.int().max(1_024));

const entries = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

function parseConcurrency(text: string | undefined): Concurrency {
  let all: number | null = null;
  const byQueue: Record<string, number> = {};
  for (const entry of entries(text ?? '')) {
    const [left = '', right] = entry.split('=', 2);
    const count = countSchema.safeParse(right ?? left);
    if (!count.success || (right !== undefined && !nameSchema.safeParse(left).success))
      throw invalid('concurrency', `“${entry}” is no concurrency: write 4, or watermark=2,upload=8 (0 to 1024).`);
    if (right === undefined) all = count.data;
    else byQueue[left] = count.data;
  }
  return { all, byQueue };
}

function parseQueues(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null;
  const queues = entries(text);
  const wrong = queues.find((queue) => !nameSchema.safeParse(queue).success);
  if (wrong !== undefined || queues.length === 0)
    throw invalid('queues', `“${text}” names no queues: write watermark,upload.`);
  return queues;
}

function nodeName(flag: string | undefined, environment: Environment): string {
  const name = (flag ?? (environment['HOSTNAME'] || os.hostname())).normalize('NFC').trim();
  const parsed = z
    .string()
    .min(1)
    .max(63)
    .safeParse(flag === undefined ? name.slice(0, 63) || 'node' : name);
  if (!parsed.success) throw invalid('name', 'The name of a machine has 1 to 63 characters.');
  return parsed.data;
}

/**
 * The configuration of a node that somebody started.
 * @throws MillraceError option_invalid, with the option's name in `details.option`
 */
export function agentConfig(flags: AgentFlags, environment: Environment): AgentConfig {
  const token = flags.token ?? (environment['MILLRACE_TOKEN'] || undefined);
  if (token !== undefined && !joinTokenSchema.safeParse(token).success)
    throw invalid('token', 'This is no join token. Make one on the hub: millrace token');
  const hub = flags.hub ?? (environment['MILLRACE_HUB'] || undefined);
  return {
    dataDir: dataFolder(flags.data, environment, 'node'),
    name: nodeName(flags.name, environment),
    hubUrl: hub === undefined ? null : parseHubAddress(hub).baseUrl,
    token: token ?? null,
    queues: parseQueues(flags.queues),
    concurrency: parseConcurrency(flags.concurrency ?? (environment['WORKER_CONCURRENCY'] || undefined)),
    discover: true,
    asksToJoin: true,
    hubBlobDir: null,
  };
}

/** The configuration of the hub's own node, as its parent gives it. */
export function ownNodeConfig(
  { hub, token, dataDir, name, blobDir }: ParentConfig,
  environment: Environment,
): AgentConfig {
  return {
    dataDir,
    name,
    hubUrl: parseHubAddress(hub).baseUrl,
    token,
    queues: null,
    concurrency: parseConcurrency(environment['WORKER_CONCURRENCY'] || undefined),
    discover: false,
    asksToJoin: false,
    hubBlobDir: blobDir,
  };
}
