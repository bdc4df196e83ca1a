/** Becoming a node of a hub: joining it with a token, and waiting for one, or for its owner's word, while there is none. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readTextIfThere } from '../common/files.ts';
import type { Identity } from '../common/identity.ts';
import type { Logger } from '../common/log.ts';
import { MillraceError } from '../contract/errors.ts';
import { type Capability, protocolVersion } from '../contract/node.ts';
import type { AgentEvent } from './agent-events.ts';
import { askToJoin } from './ask-to-join.ts';
import type { AgentConfig } from './config.ts';
import type { HubClient } from './hub-client.ts';
import type { HubSearch } from './hub-search.ts';
import { type JoinedHub, type ReadToken, readJoinToken, saveJoinedHub } from './joined-hub.ts';
import { pause } from './pause.ts';
import { isPassing } from './upload.ts';

export interface MembershipParts {
  readonly config: Pick<AgentConfig, 'dataDir' | 'name' | 'hubUrl' | 'asksToJoin'>;
  readonly hub: HubClient;
  readonly search: HubSearch;
  readonly identity: Identity;
  readonly capability: Capability;
  /** Says why it waits; the same reason is said once. */
  readonly tell: (event: AgentEvent) => void;
  readonly logger: Logger;
}

const lookIntervalMs = 500;

const tokenPath = (dataDir: string): string => join(dataDir, 'join-token');

/** Waits for `DATA/join-token`, which its owner may write beside a running agent. The file is removed once it is read. */
async function watchForToken({ config, logger }: MembershipParts, signal: AbortSignal): Promise<ReadToken> {
  const path = tokenPath(config.dataDir);
  for (;;) {
    const text = await readTextIfThere(path);
    if (text !== undefined) {
      await rm(path, { force: true });
      const token = readJoinToken(text);
      if (token) return token;
      logger.warn({ path }, 'the file is no join token and was removed');
    }
    await pause(lookIntervalMs, signal);
  }
}

/** Never settles but by the signal: whoever asked in vain leaves it to a token. */
const until = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/**
 * Waits until there is a way into a hub: its owner approved this machine by its code, or somebody left a token.
 * @param asks false: only a token counts, as for a machine that was just sent away
 */
export async function waitToBeLetIn(
  parts: MembershipParts,
  asks: boolean,
  signal: AbortSignal,
): Promise<ReadToken | JoinedHub> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const asking = async (): Promise<JoinedHub> =>
    (asks && parts.config.asksToJoin ? await askToJoin(parts, either) : null) ?? (await until(either));
  const ways = [watchForToken(parts, either), asking()];
  try {
    return await Promise.race(ways);
  } finally {
    done.abort();
    await Promise.allSettled(ways);
  }
}

/**
 * Joins the token's hub, however long it takes to find it.
 * @throws MillraceError token_invalid, forbidden … when the hub does not want it
 */
export async function joinHub(parts: MembershipParts, token: ReadToken, signal: AbortSignal): Promise<JoinedHub> {
  const { config, hub, search, identity, capability, tell, logger } = parts;
  const addresses = [...(config.hubUrl === null ? [] : [config.hubUrl]), ...token.addresses];
  const request = { protocol: protocolVersion, token: token.text, name: config.name, pin: identity.pin, capability };
  const attempt = async (baseUrl: string): Promise<JoinedHub> => {
    hub.moveTo({ baseUrl, pin: token.pin, bearer: null });
    const answer = await hub.join(request);
    if (answer.hubId !== token.hubId)
      throw new MillraceError('hub_identity_changed', `At ${baseUrl} is another hub than the token’s.`);
    const { hubId, hubName, nodeId, secret } = answer;
    return { hubId, hubName, nodeId, secret, pin: token.pin, addresses: [baseUrl] };
  };
  const goOn = (error: unknown): boolean => isPassing(error) && !isCode(error, 'protocol_unsupported');
  const onAway = (error: unknown): void => {
    logger.debug({ error }, 'the hub was not reached');
    const message = error instanceof Error ? error.message : String(error);
    tell({ event: 'waiting', reason: 'hub_unreachable', message: `${message} It is tried on.` });
  };
  const joined = await search.reach({ ...token, addresses }, attempt, { goOn, onAway }, signal);
  await saveJoinedHub(config.dataDir, joined);
  logger.info({ hubId: joined.hubId, nodeId: joined.nodeId }, 'joined');
  return joined;
}

export function isCode(error: unknown, code: MillraceError['code']): boolean {
  return error instanceof MillraceError && error.code === code;
}
