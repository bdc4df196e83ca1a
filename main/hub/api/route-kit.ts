/** What every route module is given, and the few things that all of them do alike. */
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { apiBase } from '../../../contract/hub-api.ts';
import type { Operation } from '../../../contract/operations/operation.ts';
import type { DoorKeeper } from './doors.ts';
import type { EventStreams } from './event-streams.ts';
import type { Access } from './guards.ts';
import type { Idempotency, PlainAnswer } from './idempotency.ts';
import type { MediaTickets } from './media-tickets.ts';
import type { ApiParts } from './parts.ts';
import { routerPath } from './route-path.ts';

/** The parts from outside, and what api/ makes of them. */
export interface ApiContext extends ApiParts {
  readonly doors: DoorKeeper;
  readonly tickets: MediaTickets;
  readonly idempotency: Idempotency;
  readonly streams: EventStreams;
}

interface RouteOfOperation {
  readonly method: Operation['method'];
  readonly url: string;
  readonly schema: { readonly params: z.ZodType; readonly querystring: z.ZodType };
  readonly config: { readonly operation: string; readonly access: Access };
}

/** Method, address, schemas and access of an operation as the HTTP library takes them. */
export function routeOf(name: string, operation: Operation, access: Partial<Access> = {}): RouteOfOperation {
  return {
    method: operation.method,
    url: apiBase + routerPath(operation.path),
    schema: { params: operation.params, querystring: operation.query },
    config: { operation: name, access: { scope: operation.scope, ...access } },
  };
}

/**
 * Runs `work` under the request's Idempotency-Key, when it has one.
 * @param request tells this request from others, see {@link Idempotency.once}
 */
export async function answerOnce(
  idempotency: Idempotency,
  key: string | null,
  request: unknown,
  reply: FastifyReply,
  work: () => Promise<PlainAnswer>,
): Promise<PlainAnswer> {
  if (key === null) return work();
  const answer = await idempotency.once(key, request, work);
  if (answer.replayed) reply.header('idempotency-replayed', 'true');
  return answer;
}
