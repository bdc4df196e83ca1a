/** Becoming a node of a hub: joining it with a token, and waiting for one, or for its owner's word, while there is none. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readTextIfThere } from '../common/files.ts';
import { MillraceError } from '../contract/errors.ts';
import { askToJoin } from './ask-to-join.ts';
import { inCommonVersion } from './common-version.ts';
import { type JoinedHub, type ReadToken, readJoinToken, saveJoinedHub } from './joined-hub.ts';
import { isCode, type MembershipParts } from './membership-parts.ts';
import { pause } from './pause.ts';
import { isPassing } from './upload.ts';

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

function sayThatATokenIsMissing({ config, tell }: MembershipParts): null {
  const message =
    'This machine is in no hub and asks none. Make a token there with “millrace token”, and start it with --token.';
  tell({ event: 'waiting', reason: 'no_token', message, ...(config.hubUrl !== null && { hub: config.hubUrl }) });
  return null;
}

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
    (asks && parts.config.asksToJoin ? await askToJoin(parts, either) : sayThatATokenIsMissing(parts)) ??
    (await until(either));
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
  const request = { token: token.text, name: config.name, pin: identity.pin, capability };
  const attempt = async (baseUrl: string): Promise<JoinedHub> => {
    hub.moveTo({ baseUrl, pin: token.pin, bearer: null });
    const answer = await inCommonVersion((protocol) => hub.join({ protocol, ...request }));
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
