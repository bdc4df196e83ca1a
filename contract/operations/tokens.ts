/** Operations on API tokens: keys for other programs and people, each with a scope. */
import { z } from 'zod';
import { uuidSchema } from '../ids.ts';
import { timestampSchema } from '../item.ts';
import { define, idParam, none, type Operation } from './operation.ts';

/** `read` sees everything, `submit` also gives work, `admin` also changes settings, machines and tokens. */
export const tokenScopeSchema = z.enum(['read', 'submit', 'admin']);
export type TokenScope = z.infer<typeof tokenScopeSchema>;

export const apiTokenSchema = z.object({
  id: uuidSchema,
  name: z.string(),
  scope: tokenScopeSchema,
  createdAt: timestampSchema,
  expiresAt: timestampSchema.nullable(),
  /** To the minute. */
  lastUsedAt: timestampSchema.nullable(),
});
export type ApiToken = z.infer<typeof apiTokenSchema>;

export const tokensOperations = {
  listApiTokens: define({
    method: 'GET',
    path: '/api-tokens',
    summary: 'API tokens, without their secrets',
    scope: 'admin',
    params: none,
    query: none,
    body: null,
    response: z.object({ rows: z.array(apiTokenSchema) }),
    status: 200,
  }),
  createApiToken: define({
    method: 'POST',
    path: '/api-tokens',
    summary: 'An API token; its text is in this answer only',
    scope: 'admin',
    params: none,
    query: none,
    body: z.object({
      name: z.string().trim().min(1).max(63),
      scope: tokenScopeSchema.default('read'),
      /** Null: until it is revoked. */
      ttlMs: z
        .int()
        .min(1_000)
        .max(3_650 * 86_400_000)
        .nullable()
        .default(null),
    }),
    response: apiTokenSchema.extend({ token: z.string() }),
    status: 201,
  }),
  revokeApiToken: define({
    method: 'DELETE',
    path: '/api-tokens/{id}',
    summary: 'Revoke an API token; its connections end at once',
    scope: 'admin',
    params: idParam,
    query: none,
    body: null,
    response: null,
    status: 204,
  }),
} as const satisfies Record<string, Operation>;
