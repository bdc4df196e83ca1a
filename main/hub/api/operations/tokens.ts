/** Handlers of operations on API tokens. */
import { timestamp } from '../../../../common/clock.ts';
import type { ApiToken } from '../../../../contract/operations/tokens.ts';
import type { ApiTokens } from '../../api-tokens.ts';
import type { JsonHandlers } from '../handlers.ts';

function tokenView({
  id,
  name,
  scope,
  createdMs,
  expiresMs,
  lastUsedMs,
}: ReturnType<ApiTokens['list']>[number]): ApiToken {
  return {
    id,
    name,
    scope,
    createdAt: timestamp(createdMs),
    expiresAt: expiresMs === null ? null : timestamp(expiresMs),
    lastUsedAt: lastUsedMs === null ? null : timestamp(lastUsedMs),
  };
}

export function tokensHandlers(
  tokens: ApiTokens,
): Pick<JsonHandlers, 'listApiTokens' | 'createApiToken' | 'revokeApiToken'> {
  return {
    listApiTokens: async () => ({ rows: tokens.list().map(tokenView) }),
    createApiToken: async ({ body }) => {
      const { row, token } = await tokens.create(body);
      return { ...tokenView(row), token };
    },
    revokeApiToken: async ({ params }) => {
      await tokens.revoke(params.id);
      return undefined;
    },
  };
}
