/** `Idempotency-Key`: the same key with the same request gets the same answer, another request under it is refused. */
import { createHash } from 'node:crypto';
import { MillraceError } from '../../../contract/errors.ts';
import type { Catalog } from '../catalog/database.ts';
import { findKeptAnswer, forgetAnswers, type KeptAnswer, keepAnswer } from '../catalog/idempotency.ts';
import { InvalidRequestError } from './problems.ts';

export interface PlainAnswer {
  readonly status: number;
  readonly value: unknown;
}

export interface Idempotency {
  /**
   * Runs `work` once for a key; a repetition (also one that comes while the first is under way) gets its answer.
   * @param request what tells this request from another: operation, parameters, body or digests
   * @throws MillraceError idempotency_mismatch
   */
  once(
    key: string,
    request: unknown,
    work: () => Promise<PlainAnswer>,
  ): Promise<PlainAnswer & { readonly replayed: boolean }>;
}

const keptMs = 24 * 3_600_000;
const tidyMs = 3_600_000;

/** The header's value, or null. @throws InvalidRequestError when it is not printable or too long */
export function idempotencyKeyOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,200}$/.test(header)) return header;
  throw new InvalidRequestError([{ pointer: '/headers/idempotency-key', detail: '1 to 200 printable characters' }]);
}

/** @param nowMs wall-clock time */
export function createIdempotency(catalog: Catalog, nowMs: () => number): Idempotency {
  const underWay = new Map<string, Promise<KeptAnswer>>();
  let tidiedMs = 0;
  const tidy = (): void => {
    if (nowMs() - tidiedMs < tidyMs) return;
    tidiedMs = nowMs();
    forgetAnswers(catalog, tidiedMs - keptMs);
  };
  const run = async (key: string, requestHash: string, work: () => Promise<PlainAnswer>): Promise<KeptAnswer> => {
    const { status, value } = await work();
    const kept = { requestHash, status, answer: JSON.stringify(value ?? null) };
    await catalog.commit(() => keepAnswer(catalog, key, kept, nowMs()));
    return kept;
  };
  return {
    async once(key, request, work) {
      tidy();
      const requestHash = createHash('sha256').update(JSON.stringify(request)).digest('hex');
      const earlier = underWay.get(key) ?? findKeptAnswer(catalog, key);
      if (!earlier) {
        const running = run(key, requestHash, work);
        underWay.set(key, running);
        try {
          const kept = await running;
          return { status: kept.status, value: JSON.parse(kept.answer), replayed: false };
        } finally {
          underWay.delete(key);
        }
      }
      const kept = await earlier;
      if (kept.requestHash !== requestHash) throw new MillraceError('idempotency_mismatch');
      return { status: kept.status, value: JSON.parse(kept.answer), replayed: true };
    },
  };
}
