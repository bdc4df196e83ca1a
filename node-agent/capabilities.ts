/** What this machine can do, as it tells the hub: hardware, stage kinds with their engines, helper programs. */
import { execFile } from 'node:child_process';
import os from 'node:os';
import { promisify } from 'node:util';
import type { Logger } from '../common/log.ts';
import type { Capability } from '../contract/node.ts';
import { stageDefinition } from '../contract/stages/index.ts';
import type { AgentConfig } from './config.ts';
import type { KnownAnswers } from './known-answers.ts';
import type { Isolate } from './runtime/isolate.ts';
import type { QueueShare } from './workers.ts';

export interface Ability {
  readonly capability: Capability;
  /** Kinds whose stage talks to the hub itself. */
  readonly needingHub: ReadonlySet<string>;
}

export interface AbilityParts {
  readonly isolate: Pick<Isolate, 'engine'>;
  readonly answers: Pick<KnownAnswers, 'check'>;
  /** Kinds that there is code for. */
  readonly kinds: readonly string[];
  readonly config: Pick<AgentConfig, 'queues' | 'concurrency'>;
  readonly version: string;
  readonly logger: Logger;
}

const run = promisify(execFile);

/** First line of `<program> -version`, or undefined where there is none. */
async function helperVersion(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, ['-version'], { timeout: 5_000, maxBuffer: 1 << 20 });
    return stdout.split('\n', 1)[0]?.slice(0, 200);
  } catch {
    return undefined;
  }
}

/** Asks a stage process: the agent itself loads no media library. A kind that cannot work here is left out. */
async function kindOf(parts: AbilityParts, kind: string, cores: number) {
  const { isolate, config, logger } = parts;
  const definition = stageDefinition(kind);
  if (!definition) return undefined;
  const { queue, codeVersion } = definition;
  if (config.queues !== null && !config.queues.includes(queue)) return undefined;
  const concurrency =
    config.concurrency.byQueue[queue] ?? config.concurrency.all ?? definition.defaultConcurrency(cores);
  if (concurrency < 1) return undefined;
  try {
    const { engine, needsHub } = await isolate.engine(kind);
    const check = await parts.answers.check(kind);
    return { needsHub, kind: { kind, codeVersion, queue, concurrency, engine, ...(check && { check }) } };
  } catch (error) {
    logger.error({ error, kind }, 'this machine cannot run this kind of stage');
    return undefined;
  }
}

/** Looks around once; takes as long as the slowest engine needs to load. */
export async function findAbility(parts: AbilityParts): Promise<Ability> {
  const cores = os.availableParallelism();
  const found = (await Promise.all(parts.kinds.map((kind) => kindOf(parts, kind, cores)))).filter(
    (kind) => kind !== undefined,
  );
  const ffmpeg = await helperVersion('ffmpeg');
  return {
    capability: {
      agentVersion: parts.version,
      nodeVersion: process.version,
      os: process.platform,
      arch: process.arch,
      cpuModel: (os.cpus()[0]?.model ?? 'unknown').trim().slice(0, 200),
      cores,
      memoryBytes: os.totalmem(),
      kinds: found.map(({ kind }) => kind),
      helpers: ffmpeg === undefined ? {} : { ffmpeg },
    },
    needingHub: new Set(found.flatMap(({ needsHub, kind }) => (needsHub ? [kind.kind] : []))),
  };
}

/** The queues to pull from. Kinds that share a queue share its places. */
export function queueShares(capability: Capability): QueueShare[] {
  const shares = new Map<string, number>();
  for (const { queue, concurrency } of capability.kinds)
    shares.set(queue, Math.max(concurrency, shares.get(queue) ?? 0));
  return [...shares].map(([queue, concurrency]) => ({ queue, concurrency }));
}
