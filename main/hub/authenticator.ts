/** Who a bearer token belongs to: the hub's owner (window and commands of this machine), a node, or the holder of an API token. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { readTextIfThere, writeFileAtomic } from '../../common/files.ts';
import { isLoopbackDoor } from './api/handlers.ts';
import type { Authenticator } from './api/parts.ts';
import { type ApiTokens, isApiToken } from './api-tokens.ts';
import type { NodeRegistry } from './nodes/registry-types.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const tokenPattern = /^mra1\.[A-Za-z0-9_-]{43}$/;

/** The owner's token in `DATA/token`, readable by the owner alone; made at first start. */
export async function loadOwnerToken(dataDir: string): Promise<string> {
  const path = join(dataDir, 'token');
  const kept = (await readTextIfThere(path))?.trim();
  if (kept && tokenPattern.test(kept)) return kept;
  const token = `mra1.${randomBytes(32).toString('base64url')}`;
  await writeFileAtomic(path, `${token}\n`, 0o600);
  return token;
}

/**
 * The owner's token opens the loopback doors only: it never crosses the network. API tokens open them, too, and the door for
 * browsers; the door for nodes is for nodes.
 */
export function createAuthenticator(
  ownerToken: string,
  registry: Pick<NodeRegistry, 'authenticateNode'>,
  tokens: Pick<ApiTokens, 'find'>,
): Authenticator {
  const owner = digest(ownerToken);
  return {
    authenticate({ bearer, peerPin, door }) {
      if (bearer === null) return null;
      if (bearer.startsWith('mrn1.')) {
        const nodeId = door === 'web' ? null : registry.authenticateNode(bearer, peerPin, door);
        return nodeId === null ? null : { kind: 'node', scopes: ['node'], nodeId, holder: nodeId };
      }
      if (isApiToken(bearer)) {
        const token = door === 'tls' ? null : tokens.find(bearer);
        return token && { kind: 'token', scopes: [token.scope], nodeId: null, holder: token.id };
      }
      const isOwner = isLoopbackDoor(door) && timingSafeEqual(digest(bearer), owner);
      return isOwner ? { kind: 'token', scopes: ['read', 'submit', 'admin'], nodeId: null, holder: null } : null;
    },
  };
}
