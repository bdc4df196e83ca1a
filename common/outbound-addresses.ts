/**
 * Which addresses are connected to on an owner's word: never those of the link itself, where clouds keep the keys of their machines.
 * What is checked is what is connected to, so that a name cannot lead elsewhere in between.
 */
import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16, 'ipv4');
linkLocal.addSubnet('fe80::', 10, 'ipv6');
// Metadata services that are not link-local.
linkLocal.addAddress('100.100.100.200', 'ipv4');
linkLocal.addAddress('fd00:ec2::254', 'ipv6');

/** True for addresses of the link and of clouds' metadata services; IPv4 inside IPv6 counts as IPv4. */
export function isLinkLocal(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const family = isIP(plain);
  return family !== 0 && linkLocal.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Resolves names for a connection, and answers only when every address of the name is allowed.
 * @param refusal the error that a name with another address leads to
 */
export function guardedLookup(isAllowed: (address: string) => boolean, refusal: () => Error): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const allowed = addresses.filter(({ address }) => isAllowed(address));
      const [first] = allowed;
      if (!first || allowed.length < addresses.length) return callback(refusal(), []);
      return options.all ? callback(null, allowed) : callback(null, first.address, first.family);
    });
  };
}
