/**
 * Keeps a node with its hub for ever: joins when it must, says hello, beats, and looks for the hub again when it is away. Decides
 * what a hub's word about this node means; the work itself goes on meanwhile.
 */
import type { Logger } from '../common/log.ts';
import { MillraceError } from '../contract/errors.ts';
import type { Capability, HelloResponse } from '../contract/node.ts';
import type { AgentEvent } from './agent-events.ts';
import { inCommonVersion } from './common-version.ts';
import type { AgentConfig } from './config.ts';
import type { HeartbeatLoop } from './heartbeat.ts';
import { parseHubAddress } from './hub-address.ts';
import type { HubClient } from './hub-client.ts';
import type { HubSearch } from './hub-search.ts';
import { bearerOf, forgetJoinedHub, type JoinedHub, type ReadToken, reachedAt, saveJoinedHub } from './joined-hub.ts';
import { joinHub, waitToBeLetIn } from './membership.ts';
import { isCode, type MembershipParts } from './membership-parts.ts';
import { pause } from './pause.ts';
import type { Pull } from './pull.ts';
import { isPassing } from './upload.ts';

export interface HubLinkParts {
  readonly config: AgentConfig;
  readonly hub: HubClient;
  readonly search: HubSearch;
  readonly membership: MembershipParts;
  readonly heartbeat: HeartbeatLoop;
  readonly pull: Pull;
  readonly capability: Capability;
  /** Of this process. */
  readonly session: string;
  /** Attempts that run here or whose results wait here. */
  readonly held: () => string[];
  readonly drop: (attemptIds: readonly string[]) => void;
  /** The hub is there again. */
  readonly back: () => void;
  /** This node was sent away: ends its work and forgets everything of the hub. */
  readonly wipe: () => Promise<void>;
  readonly tell: (event: AgentEvent) => void;
  readonly logger: Logger;
}

/** The hub that was joined says that it does not know this node: with its key proved, or after it knew it in this very process. */
class SentAwayError extends Error {}

interface Link {
  readonly parts: HubLinkParts;
  joined: JoinedHub;
  /** A hello was answered in this process. */
  known: boolean;
  /** There is an unused token of this hub. */
  readonly canJoinAgain: boolean;
}

/** After something that should not happen, ms. */
const failedPauseMs = 1_000;

async function helloAt(link: Link, baseUrl: string): Promise<HelloResponse> {
  const { parts, joined } = link;
  const { hub, capability, session, config } = parts;
  const endpoint = { baseUrl, pin: joined.pin, bearer: bearerOf(joined) };
  const before = hub.endpoint();
  if (before?.baseUrl !== baseUrl || before.bearer !== endpoint.bearer) hub.moveTo(endpoint);
  const request = { session, name: config.name, capability, attempts: parts.held() };
  const answer = await inCommonVersion((protocol) => hub.hello(joined.nodeId, { protocol, ...request }));
  if (answer.hubId !== joined.hubId)
    throw new MillraceError('hub_identity_changed', `At ${baseUrl} is another hub than the one that was joined.`);
  return answer;
}

/** Over plain http anything may answer in the hub's place; its word alone must not make the node forget its hub. */
const isBelieved = (link: Link, baseUrl: string): boolean =>
  parseHubAddress(baseUrl).tls || link.known || link.canJoinAgain;

/** Another machine works with this one's key: it pulls from the same queues, so this one must not. */
async function stepBack({ pull, held, drop }: HubLinkParts): Promise<void> {
  await pull.close();
  drop(held());
}

/** Finds the hub, says hello, and starts pulling. */
async function connect(link: Link, signal: AbortSignal): Promise<void> {
  const { parts } = link;
  const { config, search, tell, logger } = parts;
  const current = parts.hub.endpoint()?.baseUrl;
  const addresses = [current, config.hubUrl, ...link.joined.addresses].filter((one) => typeof one === 'string');
  const attempt = async (baseUrl: string): Promise<{ baseUrl: string; answer: HelloResponse }> => {
    try {
      return { baseUrl, answer: await helloAt(link, baseUrl) };
    } catch (error) {
      if (isCode(error, 'node_unknown') && isBelieved(link, baseUrl)) throw new SentAwayError();
      if (isCode(error, 'node_cloned')) await stepBack(parts);
      throw error;
    }
  };
  const onAway = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    logger.warn({ error: message }, 'the hub is away; looking for it');
    if (isCode(error, 'node_cloned')) tell({ event: 'waiting', reason: 'cloned', message });
    if (isCode(error, 'protocol_unsupported')) tell({ event: 'waiting', reason: 'protocol_unsupported', message });
    if (link.known || isCode(error, 'node_cloned') || isCode(error, 'protocol_unsupported')) return;
    const reason = isCode(error, 'node_unknown') ? 'not_known' : 'hub_unreachable';
    tell({ event: 'waiting', reason, message: `${message} It is tried on.` });
  };
  const wanted = { hubId: link.joined.hubId, pin: link.joined.pin, addresses };
  const { baseUrl, answer } = await search.reach(
    wanted,
    attempt,
    { goOn: (error) => isPassing(error) || isCode(error, 'node_cloned'), onAway },
    signal,
  );
  await search.rest();
  const updated = reachedAt({ ...link.joined, hubName: answer.hubName }, baseUrl);
  if (JSON.stringify(updated) !== JSON.stringify(link.joined)) await saveJoinedHub(config.dataDir, updated);
  link.joined = updated;
  parts.drop(answer.drop);
  await parts.pull.from(answer.broker, baseUrl, updated.pin);
  parts.back();
  if (!link.known) void tellReady(link, baseUrl, signal);
  link.known = true;
}

async function tellReady({ parts, joined }: Link, baseUrl: string, signal: AbortSignal): Promise<void> {
  const { hubId, hubName, nodeId } = joined;
  try {
    await parts.pull.ready(signal);
    parts.tell({ event: 'ready', node: parts.config.name, nodeId, hub: baseUrl, hubId, hubName });
  } catch {
    // Ended before it was ready.
  }
}

/** Stays with the hub until it sends the node away. */
async function stay(link: Link, signal: AbortSignal): Promise<void> {
  try {
    for (;;) {
      await connect(link, signal);
      // Both answers lead to a new hello; `connect` tries the present address first.
      const why = await link.parts.heartbeat.run(link.joined.nodeId, signal);
      link.parts.logger.info({ why }, 'saying hello again');
    }
  } catch (error) {
    if (!(error instanceof SentAwayError) && !isCode(error, 'node_unknown')) throw error;
  }
}

/**
 * Joins: with the tokens that come until one is taken, or by the word of a hub's owner.
 * @param asks see {@link waitToBeLetIn}
 */
async function join(
  parts: HubLinkParts,
  first: ReadToken | null,
  asks: boolean,
  signal: AbortSignal,
): Promise<JoinedHub> {
  for (let token = first; ; token = null) {
    const way = token ?? (await waitToBeLetIn(parts.membership, asks, signal));
    if ('nodeId' in way) return way;
    try {
      return await joinHub(parts.membership, way, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof MillraceError)) throw error;
      const reason =
        error.code === 'token_invalid' || error.code === 'protocol_unsupported' ? error.code : ('refused' as const);
      parts.tell({ event: 'waiting', reason, message: error.message });
    }
  }
}

/**
 * Runs until the signal; rejects with its reason.
 * @param joined what is remembered from before
 * @param token given at start; used once, and only when the hub does not know this node yet
 */
export async function keepLinked(
  parts: HubLinkParts,
  joined: JoinedHub | null,
  token: ReadToken | null,
  signal: AbortSignal,
): Promise<never> {
  let unused = token;
  // Whom its hub has sent away, that does not ask again by itself.
  let asks = true;
  let current = joined;
  if (current && unused && unused.hubId !== current.hubId) {
    parts.logger.info({ from: current.hubId, to: unused.hubId }, 'the token is for another hub; moving there');
    await parts.wipe();
    current = null;
  }
  for (;;) {
    try {
      const canJoinAgain: boolean = current !== null && unused !== null;
      const link: Link = {
        parts,
        joined: current ?? (await join(parts, unused, asks, signal)),
        known: false,
        canJoinAgain,
      };
      if (!current) unused = null;
      current = link.joined;
      await stay(link, signal);
      await parts.wipe();
      await forgetJoinedHub(parts.config.dataDir);
      // A token that was given for a first join must not bring back a node that its hub sent away while it worked.
      if (link.known) unused = null;
      current = null;
      asks = false;
      const said = { event: 'removed', hub: link.joined.hubName } as const;
      if (!unused) parts.tell(said);
    } catch (error) {
      signal.throwIfAborted();
      parts.logger.error({ error }, 'the link to the hub failed; begun anew');
      await pause(failedPauseMs, signal);
    }
  }
}
