/** Becoming a node of a hub: finding out which hub, joining it with a token, and waiting, audibly, while there is none. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readTextIfThere } from '../common/files.ts';
import type { Identity } from '../common/identity.ts';
import type { Logger } from '../common/log.ts';
import { MillraceError } from '../contract/errors.ts';
import { type Capability, protocolVersion } from '../contract/node.ts';
import type { AgentEvent } from './agent-events.ts';
import type { AgentConfig } from './config.ts';
import type { HubClient } from './hub-client.ts';
import type { HubSearch } from './hub-search.ts';
import { type JoinedHub, type ReadToken, readJoinToken, saveJoinedHub } from './joined-hub.ts';
import { pause } from './pause.ts';
import { isPassing } from './upload.ts';

export interface MembershipParts {
  readonly config: Pick<AgentConfig, 'dataDir' | 'name' | 'hubUrl'>;
  readonly hub: HubClient;
  readonly search: HubSearch;
  readonly identity: Identity;
  readonly capability: Capability;
  /** Says why it waits; the same reason is said once. */
  readonly tell: (event: AgentEvent) => void;
  readonly logger: Logger;
}

const lookIntervalMs = 500;
/** So long nothing was heard, before that is said, ms. */
const quietMs = 5_000;

const tokenPath = (dataDir: string): string => join(dataDir, 'join-token');

/**
 * Waits for `DATA/join-token`, which `millrace node --token` or its owner writes beside a running agent, and says meanwhile what
 * was found. The file is removed once it is read.
 */
export async function waitForToken(parts: MembershipParts, signal: AbortSignal): Promise<ReadToken> {
  const { config, search, tell, logger } = parts;
  const path = tokenPath(config.dataDir);
  const how = 'Make a token there with “millrace token”, and start this node with --token.';
  if (config.hubUrl === null) search.look();
  else
    tell({
      event: 'waiting',
      reason: 'no_token',
      hub: config.hubUrl,
      message: `There is no token for the hub. ${how}`,
    });
  for (let waitedMs = 0; ; waitedMs += lookIntervalMs) {
    const text = await readTextIfThere(path);
    if (text !== undefined) {
      await rm(path, { force: true });
      const token = readJoinToken(text);
      if (token) return token;
      logger.warn({ path }, 'the file is no join token and was removed');
    }
    for (const { name, address, port } of search.heard()) {
      const message = `Found the hub “${name}”, but there is no token for it. ${how}`;
      tell({ event: 'waiting', reason: 'no_token', hub: `https://${address}:${port}`, message });
    }
    if (config.hubUrl === null && waitedMs >= quietMs && search.heard().length === 0)
      tell({ event: 'waiting', reason: 'no_hub', message: 'No hub was found on the network yet; looking on.' });
    await pause(lookIntervalMs, signal);
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
