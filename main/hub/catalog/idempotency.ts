/** Rows of answers that were given under an Idempotency-Key. */
import { z } from 'zod';
import type { Catalog } from './database.ts';

const keptRow = z
  .object({ request_hash: z.string(), status: z.int(), answer: z.string() })
  .transform((row) => ({ requestHash: row.request_hash, status: row.status, answer: row.answer }));
export type KeptAnswer = z.output<typeof keptRow>;

export function findKeptAnswer(catalog: Catalog, key: string): KeptAnswer | undefined {
  return catalog.get(keptRow, 'SELECT request_hash, status, answer FROM idempotency WHERE key = @key', { key });
}

/** @param kept `answer` is the JSON text that was answered */
export function keepAnswer(catalog: Catalog, key: string, kept: KeptAnswer, nowMs: number): void {
  catalog.run(
    'INSERT INTO idempotency (key, request_hash, status, answer, created_ms) VALUES (@key, @requestHash, @status, @answer, @nowMs) ON CONFLICT DO NOTHING',
    { key, requestHash: kept.requestHash, status: kept.status, answer: kept.answer, nowMs },
  );
}

/** Forgets answers from before a time. */
export function forgetAnswers(catalog: Catalog, beforeMs: number): number {
  return catalog.run('DELETE FROM idempotency WHERE created_ms < @beforeMs', { beforeMs });
}
