/**
 * Joining without a token: asks one hub, shows a code that is bound to both machines' keys, and waits until its owner has compared
 * it. Which hub is asked must be beyond doubt: the one named, or the only one on the network.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepsCommitment, pairingCode, spokenCode } from '../common/pairing-code.ts';
import { readPin } from '../common/pinned-tls.ts';
import { MillraceError } from '../contract/errors.ts';
import type { JoinResponse } from '../contract/node.ts';
import type { PairingOffer } from '../contract/pairing.ts';
import { inCommonVersion } from './common-version.ts';
import type { FoundHub } from './discovery.ts';
import { parseHubAddress } from './hub-address.ts';
import { addressesOf } from './hub-search.ts';
import { type JoinedHub, saveJoinedHub } from './joined-hub.ts';
import { isCode, type MembershipParts } from './membership-parts.ts';

const waitMs = 8_000;
const lookIntervalMs = 500;
/** After the first hub was heard of, others have so long to be heard of, too. */
const othersMs = 1_500;
/** So long nothing was heard, before that is said, ms. */
const quietMs = 5_000;
const reachMs = 3_000;
/** Before the n-th new request, n from 1: whoever sits in between and breaks off must not get many tries. */
const againMs = (n: number): number => Math.min(2_000 * 2 ** (n - 1), 60_000);

/** Of each hub heard of, its latest word. */
function distinct(hubs: readonly FoundHub[]): FoundHub[] {
  const byId = new Map<string, FoundHub>();
  for (const hub of hubs) if (!byId.has(hub.id)) byId.set(hub.id, hub);
  return [...byId.values()];
}

/** Addresses of the hub to ask. Waits, audibly, until there is exactly one. */
async function findTheOne({ config, search, tell }: MembershipParts, signal: AbortSignal): Promise<readonly string[]> {
  if (config.hubUrl !== null) return [config.hubUrl];
  search.look();
  let heardMs = 0;
  for (let waitedMs = 0; ; waitedMs += lookIntervalMs) {
    const hubs = distinct(search.heard());
    const [only, other] = hubs;
    if (only && !other && heardMs >= othersMs) return addressesOf(only);
    if (only) heardMs += lookIntervalMs;
    else if (waitedMs >= quietMs)
      tell({ event: 'waiting', reason: 'no_hub', message: 'No hub was found on the network yet; looking on.' });
    if (other) {
      const names = hubs.map(({ name, address, port }) => `“${name}” at https://${address}:${port}`).join(', ');
      const message = `${hubs.length} hubs were found: ${names}. Say which is meant: --hub ADDRESS.`;
      tell({ event: 'waiting', reason: 'several_hubs', message });
    }
    await sleep(lookIntervalMs, undefined, { signal });
  }
}

/** The first address at which anybody answers, and the key that is shown there; null on this machine, where no TLS is spoken. */
async function firstPin(parts: MembershipParts, addresses: readonly string[]) {
  const { identity } = parts;
  let last: unknown = new MillraceError('hub_unreachable');
  for (const baseUrl of addresses) {
    const { host, tls } = parseHubAddress(baseUrl);
    if (!tls) return { baseUrl, pin: null };
    try {
      const port = Number(new URL(baseUrl).port || 443);
      return { baseUrl, pin: await readPin({ host, port, identity, timeoutMs: reachMs }) };
    } catch (error) {
      last = error;
    }
  }
  const why = last instanceof Error ? last.message : String(last);
  throw new MillraceError('hub_unreachable', `The hub cannot be reached (${why}).`, undefined, last);
}

/** The hub knows nothing of codes: it is of an older version. */
class NoCodesError extends Error {}

interface Asked {
  readonly baseUrl: string;
  readonly offer: PairingOffer;
  readonly nonce: string;
  readonly code: string;
}

/** Exchanges random numbers, each side fixed before it knows the other's. */
async function exchange(parts: MembershipParts, addresses: readonly string[], signal: AbortSignal): Promise<Asked> {
  const { hub, identity, capability, config } = parts;
  const { baseUrl, pin } = await firstPin(parts, addresses);
  // Nothing is sent over plain http that the pin would protect.
  hub.moveTo({ baseUrl, pin: pin ?? '', bearer: null });
  const request = { name: config.name, pin: identity.pin, capability };
  const ask = (protocol: number) => hub.askToJoin({ protocol, ...request }, signal);
  const offer = await inCommonVersion(ask).catch((error: unknown) => {
    throw isCode(error, 'not_found') ? new NoCodesError() : error;
  });
  if (pin !== null && offer.hubPin !== pin)
    throw new MillraceError('hub_identity_changed', `The hub at ${baseUrl} names another key than it shows.`);
  const nonce = randomBytes(32).toString('hex');
  const first = await hub.waitForApproval(offer.requestId, { nonce, waitMs: 0 }, signal);
  if (first.state !== 'pending')
    throw new MillraceError('hub_identity_changed', 'The hub decided before it was asked.');
  const facts = { hubPin: offer.hubPin, nodePin: identity.pin, hubNonce: first.hubNonce, nodeNonce: nonce };
  if (!keepsCommitment(offer.commitment, facts))
    throw new MillraceError('hub_identity_changed', `What answers at ${baseUrl} did not keep to its number.`);
  return { baseUrl, offer, nonce, code: pairingCode(facts) };
}

/** Waits for the owner's word. @throws MillraceError not_found when the time has run out, and what a call throws */
async function decision(
  { hub }: MembershipParts,
  { offer, nonce }: Asked,
  signal: AbortSignal,
): Promise<JoinResponse | null> {
  let silences = 0;
  for (;;) {
    try {
      const answer = await hub.waitForApproval(offer.requestId, { nonce, waitMs }, signal);
      if (answer.state === 'approved') return answer.join;
      if (answer.state === 'rejected') return null;
      silences = 0;
    } catch (error) {
      signal.throwIfAborted();
      if (!isCode(error, 'hub_unreachable') || ++silences > 5) throw error;
      await sleep(againMs(1), undefined, { signal });
    }
  }
}

/** Asks once. Null: the owner does not want this machine. */
async function askOnce(parts: MembershipParts, asked: Asked, signal: AbortSignal): Promise<JoinedHub | null> {
  const { config, tell, logger } = parts;
  const { baseUrl, offer, code } = asked;
  const { hubId, hubName, hubPin: pin } = offer;
  const message =
    `This machine asks to join “${hubName}” (${baseUrl}). Its code is ${spokenCode(code)}: if the hub shows the same for ` +
    `“${config.name}”, approve it there, in the window under Farm or by “millrace pair ${code}”.`;
  tell({ event: 'pairing', code, hub: baseUrl, hubName, message });
  const join = await decision(parts, asked, signal);
  if (join === null) {
    tell({
      event: 'waiting',
      reason: 'refused',
      message: `“${hubName}” turned this machine away. It asks no more; start it again to ask once more, or use a token.`,
    });
    return null;
  }
  if (join.hubId !== hubId) throw new MillraceError('hub_identity_changed', 'Another hub answered than the one asked.');
  const joined: JoinedHub = { hubId, hubName, nodeId: join.nodeId, secret: join.secret, pin, addresses: [baseUrl] };
  await saveJoinedHub(config.dataDir, joined);
  logger.info({ hubId, nodeId: joined.nodeId }, 'joined by a compared code');
  return joined;
}

/** Says why this did not work. False: asking again is of no use. */
function explain({ config, tell }: MembershipParts, error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof NoCodesError) {
    const how = 'Make a token there with “millrace token”, and start this node with --token.';
    const message = `This hub lets nobody in by a code. ${how}`;
    tell({ event: 'waiting', reason: 'no_token', message, ...(config.hubUrl !== null && { hub: config.hubUrl }) });
    return false;
  }
  if (isCode(error, 'not_found')) return true;
  if (isCode(error, 'forbidden')) {
    tell({ event: 'waiting', reason: 'refused', message });
    return false;
  }
  const reason = isCode(error, 'protocol_unsupported') ? 'protocol_unsupported' : 'hub_unreachable';
  tell({ event: 'waiting', reason, message: `${message} It is tried on.` });
  return true;
}

/**
 * Asks until it is let in, again whenever the time for comparing has run out.
 * @returns null when it is of no use to ask on: turned away, or a hub that knows no codes
 */
export async function askToJoin(parts: MembershipParts, signal: AbortSignal): Promise<JoinedHub | null> {
  for (let failures = 0; ; ) {
    const addresses = await findTheOne(parts, signal);
    try {
      const asked = await exchange(parts, addresses, signal);
      return await askOnce(parts, asked, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!explain(parts, error)) return null;
      parts.logger.debug({ error }, 'asking to join did not work');
      failures = isCode(error, 'not_found') ? 1 : failures + 1;
    }
    await sleep(againMs(failures), undefined, { signal });
  }
}
