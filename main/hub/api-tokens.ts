/** API tokens: made, known by their secret, and revoked. Whoever's token ends loses his connections with it. */
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { Clock } from '../../common/clock.ts';
import type { Logger } from '../../common/log.ts';
import { MillraceError } from '../../contract/errors.ts';
import { uuidSchema } from '../../contract/ids.ts';
import type { TokenScope } from '../../contract/operations/tokens.ts';
import { type ApiTokenRow, allApiTokens, deleteApiToken, insertApiToken, saveLastUsed } from './catalog/api-tokens.ts';
import type { Catalog } from './catalog/database.ts';
import { fitsHash, hashSecret, newSecret } from './nodes/secrets.ts';

export interface ApiTokens {
  list(): ApiTokenRow[];
  /** @returns the row, and the token's text, which is kept nowhere */
  create(order: {
    name: string;
    scope: TokenScope;
    ttlMs: number | null;
  }): Promise<{ row: ApiTokenRow; token: string }>;
  /** @throws MillraceError not_found */
  revoke(id: string): Promise<void>;
  /** Whose token this is, or null when it is none, revoked or run out. */
  find(bearer: string): ApiTokenRow | null;
  /** Ends connections of tokens that ran out, every few seconds until the answer is called. */
  watch(): () => void;
}

export interface ApiTokensParts {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends what is open with this token. */
  readonly dropConnections: (tokenId: string) => void;
}

const lastUsedWriteMs = 60_000;
const watchIntervalMs = 5_000;
const bearerPattern = /^mrk1\.([0-9a-f-]{36})\.([A-Za-z0-9_-]{43})$/;
const bearerParts = z.tuple([z.string(), uuidSchema, z.string()]);

/** True for what looks like an API token. */
export const isApiToken = (bearer: string): boolean => bearer.startsWith('mrk1.');

export function createApiTokens({ catalog, clock, logger, dropConnections }: ApiTokensParts): ApiTokens {
  const tokens = new Map(allApiTokens(catalog).map((row) => [row.id, row]));

  const hasEnded = ({ expiresMs }: ApiTokenRow): boolean => expiresMs !== null && clock.wallMs() >= expiresMs;
  const noteUse = (row: ApiTokenRow): void => {
    const nowMs = clock.wallMs();
    if (row.lastUsedMs !== null && nowMs - row.lastUsedMs < lastUsedWriteMs) return;
    tokens.set(row.id, { ...row, lastUsedMs: nowMs });
    catalog
      .commitLater(() => saveLastUsed(catalog, row.id, nowMs))
      .catch((error: unknown) => logger.warn({ error }, 'the last use of a token was not written'));
  };

  return {
    list: () => [...tokens.values()],
    async create({ name, scope, ttlMs }) {
      const secret = newSecret();
      const createdMs = clock.wallMs();
      const row: ApiTokenRow = {
        id: uuidv7(),
        name,
        scope,
        secretHash: hashSecret(secret),
        createdMs,
        expiresMs: ttlMs === null ? null : createdMs + ttlMs,
        lastUsedMs: null,
      };
      await catalog.commit(() => insertApiToken(catalog, row));
      tokens.set(row.id, row);
      logger.info({ tokenId: row.id, name, scope }, 'API token made');
      return { row, token: `mrk1.${row.id}.${secret}` };
    },
    async revoke(id) {
      if (!tokens.delete(id)) throw new MillraceError('not_found', 'There is no such token.');
      dropConnections(id);
      await catalog.commit(() => deleteApiToken(catalog, id));
      logger.info({ tokenId: id }, 'API token revoked');
    },
    find(bearer) {
      const parts = bearerParts.safeParse(bearerPattern.exec(bearer)?.slice(0, 3));
      const row = parts.success ? tokens.get(parts.data[1]) : undefined;
      if (row === undefined || !parts.success || !fitsHash(parts.data[2], row.secretHash) || hasEnded(row)) return null;
      noteUse(row);
      return row;
    },
    watch() {
      const timer = setInterval(() => {
        for (const row of tokens.values()) if (hasEnded(row)) dropConnections(row.id);
      }, watchIntervalMs);
      return () => clearInterval(timer);
    },
  };
}
