/** Rows of API tokens. Of a token's secret only the SHA-256 is kept. */
import { z } from 'zod';
import { tokenScopeSchema } from '../../../contract/operations/tokens.ts';
import type { Catalog } from './database.ts';

const apiTokenRow = z
  .object({
    id: z.string(),
    name: z.string(),
    scope: tokenScopeSchema,
    secret_hash: z.string(),
    created_ms: z.int(),
    expires_ms: z.int().nullable(),
    last_used_ms: z.int().nullable(),
  })
  .transform((row) => ({
    id: row.id,
    name: row.name,
    scope: row.scope,
    secretHash: row.secret_hash,
    createdMs: row.created_ms,
    expiresMs: row.expires_ms,
    lastUsedMs: row.last_used_ms,
  }));
export type ApiTokenRow = z.output<typeof apiTokenRow>;

export function allApiTokens(catalog: Catalog): ApiTokenRow[] {
  return catalog.all(apiTokenRow, 'SELECT * FROM api_tokens ORDER BY created_ms, id');
}

export function insertApiToken(catalog: Catalog, token: ApiTokenRow): void {
  catalog.run(
    `INSERT INTO api_tokens (id, name, scope, secret_hash, created_ms, expires_ms, last_used_ms)
     VALUES (@id, @name, @scope, @secretHash, @createdMs, @expiresMs, @lastUsedMs)`,
    { ...token },
  );
}

export function deleteApiToken(catalog: Catalog, id: string): void {
  catalog.run('DELETE FROM api_tokens WHERE id = @id', { id });
}

export function saveLastUsed(catalog: Catalog, id: string, lastUsedMs: number): void {
  catalog.run('UPDATE api_tokens SET last_used_ms = @lastUsedMs WHERE id = @id', { id, lastUsedMs });
}
