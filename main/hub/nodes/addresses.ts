/** The hub's own addresses on its networks: hints in join tokens, and where discovery answers. */
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

export interface InterfaceAddress {
  readonly interfaceName: string;
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
}

/** Addresses of all interfaces beyond loopback. IPv6 link-local ones are left out: they mean nothing on another machine. */
export function networkAddresses(): InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([interfaceName, addresses = []]) =>
    addresses
      .filter((one) => !one.internal && !(one.family === 'IPv6' && one.address.toLowerCase().startsWith('fe80:')))
      .map(({ address, family }) => ({ interfaceName, address, family })),
  );
}

/** `addr:port`, IPv6 in brackets. */
export function addressText(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Where the hub can be reached from other machines, IPv4 first: at home it is what works. */
export function reachableAt(port: number): string[] {
  return networkAddresses()
    .sort((a, b) => a.family.localeCompare(b.family))
    .map(({ address }) => addressText(address, port));
}
