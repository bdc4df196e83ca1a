/** Rows of join tokens. Of a token's secret only the SHA-256 is kept: who reads the catalog cannot join. */
import { z } from 'zod';
import type { Catalog } from './database.ts';

const joinTokenRow = z
  .object({
    id: z.string(),
    secret_hash: z.string(),
    uses_left: z.int(),
    expires_ms: z.int(),
    created_ms: z.int(),
  })
  .transform((row) => ({
    id: row.id,
    secretHash: row.secret_hash,
    usesLeft: row.uses_left,
    expiresMs: row.expires_ms,
    createdMs: row.created_ms,
  }));
export type JoinTokenRow = z.output<typeof joinTokenRow>;

export function insertJoinToken(catalog: Catalog, token: JoinTokenRow): void {
  catalog.run(
    `INSERT INTO join_tokens (id, secret_hash, uses_left, expires_ms, created_ms)
     VALUES (@id, @secretHash, @usesLeft, @expiresMs, @createdMs)`,
    { ...token },
  );
}

export function findJoinToken(catalog: Catalog, id: string): JoinTokenRow | undefined {
  return catalog.get(joinTokenRow, 'SELECT * FROM join_tokens WHERE id = @id', { id });
}

export function allJoinTokens(catalog: Catalog): JoinTokenRow[] {
  return catalog.all(joinTokenRow, 'SELECT * FROM join_tokens');
}

/** Takes one use away; false when none was left. */
export function spendJoinToken(catalog: Catalog, id: string): boolean {
  return catalog.run('UPDATE join_tokens SET uses_left = uses_left - 1 WHERE id = @id AND uses_left > 0', { id }) === 1;
}

/** Nobody joins with it any more. */
export function emptyJoinToken(catalog: Catalog, id: string): void {
  catalog.run('UPDATE join_tokens SET uses_left = 0 WHERE id = @id', { id });
}

/** Removes what ran out before `nowMs` (wall clock). */
export function deleteExpiredJoinTokens(catalog: Catalog, nowMs: number): void {
  catalog.run('DELETE FROM join_tokens WHERE expires_ms < @nowMs', { nowMs });
}
