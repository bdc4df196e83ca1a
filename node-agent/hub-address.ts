/** Addresses of hubs as people and tokens write them. Plain http is for this machine alone; everything else is TLS. */
import { BlockList, isIP } from 'node:net';
import { MillraceError } from '../contract/errors.ts';

export interface HubAddress {
  /** `http://127.0.0.1:port` or `https://host:port`. */
  readonly baseUrl: string;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly tls: boolean;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** True for addresses that never leave the machine. Names are not looked up; `localhost` counts. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host === 'localhost' || host.endsWith('.localhost');
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Reads `http://…`, `https://…` or `host:port` (plain http when the host is this machine, TLS otherwise).
 * @throws MillraceError option_invalid, also for plain http beyond this machine
 */
export function parseHubAddress(text: string): HubAddress {
  const invalid = (why: string): MillraceError =>
    new MillraceError('option_invalid', `“${text.slice(0, 200)}” is no address of a hub: ${why}`, { option: 'hub' });
  const parse = (candidate: string): URL => {
    try {
      return new URL(candidate);
    } catch {
      throw invalid('write https://ADDRESS:PORT, or http://127.0.0.1:PORT on the same machine.');
    }
  };
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const url = parse(hasScheme ? text : `https://${text}`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw invalid('only http and https are spoken.');
  if (url.username !== '' || url.password !== '') throw invalid('it must not contain a name or password.');
  const tls = hasScheme ? url.protocol === 'https:' : !isLoopback(host);
  if (!tls && !isLoopback(host)) throw invalid('beyond this machine it must be https.');
  const port = hasScheme ? url.port || (tls ? '443' : '80') : url.port || '443';
  return { baseUrl: `${tls ? 'https' : 'http'}://${url.hostname}:${port}`, host, tls };
}
