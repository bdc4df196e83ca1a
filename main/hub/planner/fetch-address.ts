/**
 * Fetches a file from an address that a user typed (a logo), guarded against server-side request forgery: only public addresses,
 * checked on what is really connected to, no redirects, bounded in time and size.
 */
import ipaddr from 'ipaddr.js';
import { Agent, request } from 'undici';
import { guardedLookup } from '../../../common/outbound-addresses.ts';
import { MillraceError } from '../../../contract/errors.ts';

const limitMs = 15_000;
const maxBytes = 20_000_000;

/** True for addresses of the public internet: no loopback, private, link-local, carrier, multicast or reserved range. */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

export type StoreBytes = (
  bytes: AsyncIterable<Uint8Array>,
  limits: { maxBytes: number },
) => Promise<{ sha256: string; sizeBytes: number }>;

function parseAddress(text: string, isAllowed: (address: string) => boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const host = url?.hostname.replace(/^\[|\]$/g, '') ?? '';
  const refused =
    !url || !/^https?:$/.test(url.protocol) || url.username !== '' || (ipaddr.isValid(host) && !isAllowed(host));
  if (refused) throw new MillraceError('logo_address_refused');
  return url;
}

const nameOf = (url: URL): string => decodeURIComponent(url.pathname.split('/').at(-1) || 'logo');

/**
 * Fetches `text` into the store.
 * @param isAllowed which addresses may be connected to; `isPublicAddress` except in tests
 * @throws MillraceError logo_address_refused, logo_fetch_failed
 */
export async function fetchAddress(
  text: string,
  store: StoreBytes,
  isAllowed = isPublicAddress,
): Promise<{ sha256: string; sizeBytes: number; name: string }> {
  const url = parseAddress(text, isAllowed);
  const agent = new Agent({
    connect: { lookup: guardedLookup(isAllowed, () => new MillraceError('logo_address_refused')), timeout: limitMs },
  });
  try {
    const { statusCode, body } = await request(url, { dispatcher: agent, signal: AbortSignal.timeout(limitMs) });
    if (statusCode !== 200) throw new MillraceError('logo_fetch_failed', `The address answered ${statusCode}.`);
    return { ...(await store(body, { maxBytes })), name: nameOf(url) };
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    if (error instanceof Error && error.cause instanceof MillraceError) throw error.cause;
    throw new MillraceError('logo_fetch_failed', undefined, undefined, error);
  } finally {
    await agent.destroy();
  }
}
