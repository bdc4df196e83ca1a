/** What the endpoints of the older systems have in common: who may call them, and the words in which they tell of a task. */

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MillraceError } from '../../../../contract/errors.ts';
import { apiBase } from '../../../../contract/hub-api.ts';
import { uuidSchema } from '../../../../contract/ids.ts';
import type { JobDetail } from '../../../../contract/item.ts';
import type { Scope } from '../../../../contract/operations/operation.ts';
import { type Access, callerFrom } from '../guards.ts';
import { AnswerWithStatus } from '../handlers.ts';
import type { ApiContext } from '../route-kit.ts';

/** No token on the loopback doors, as ever; on the network's door nodes and tokens. */
export const aliasAccess = (scope: Scope): Access => ({ scope, openOnLoopback: true, nodes: true, legacy: true });

/** @throws MillraceError not_found, also for what is no id at all */
export async function jobOf(context: ApiContext, request: FastifyRequest): Promise<JobDetail> {
  const parsed = z.object({ id: uuidSchema }).safeParse(request.params);
  if (!parsed.success) throw new MillraceError('not_found', 'There is no such task.');
  const answer = await context.handlers.getJob({
    params: parsed.data,
    query: { waitMs: 0 },
    body: undefined,
    caller: callerFrom(request),
    idempotencyKey: null,
  });
  return answer instanceof AnswerWithStatus ? answer.value : answer;
}

const words = {
  waiting: 'queued',
  paused: 'queued',
  running: 'started',
  done: 'finished',
  failed: 'failed',
  quarantined: 'failed',
  cancelled: 'failed',
} as const satisfies Record<JobDetail['state'], string>;

export interface Task {
  readonly task_id: string;
  readonly status: 'queued' | 'started' | 'finished' | 'failed';
  readonly result?: {
    readonly file: string;
    readonly pipeline: string;
    readonly artifacts: readonly {
      readonly role: string;
      readonly name: string;
      readonly url: string;
      readonly sha256: string;
      readonly size: number;
      readonly media_type: string;
    }[];
  };
  readonly error?: string;
}

/** A job in the words of the older systems: `result` when finished, `error` (one sentence) when failed. */
export function taskOf(job: JobDetail): Task {
  const status = words[job.state];
  const task = { task_id: job.id, status };
  if (status === 'failed') return { ...task, error: job.error?.message ?? 'The task was cancelled.' };
  if (status !== 'finished') return task;
  const artifacts = job.artifacts.map((artifact) => ({
    role: artifact.role,
    name: artifact.name,
    url: `${apiBase}/blobs/${artifact.sha256}?name=${encodeURIComponent(artifact.name)}`,
    sha256: artifact.sha256,
    size: artifact.sizeBytes,
    media_type: artifact.mediaType,
  }));
  return { ...task, result: { file: job.item, pipeline: job.pipeline, artifacts } };
}
