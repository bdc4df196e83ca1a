/**
 * The six digits by which people see that two machines speak to each other and to nobody between them: a short authentication
 * string over both keys and a random number of each side.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

/** What both sides know at the end. Pins are those that each side *saw* in the TLS handshake; nonces are hexadecimal. */
export interface PairingFacts {
  readonly hubPin: string;
  readonly nodePin: string;
  readonly hubNonce: string;
  readonly nodeNonce: string;
}

const digest = (...parts: readonly string[]): Buffer => createHash('sha256').update(parts.join('\n')).digest();

/**
 * What the hub says before it knows the node's random number: it cannot choose its own afterwards.
 * Committing first and telling later is what makes six digits enough, since nobody in the middle can try numbers until the codes
 * on both sides agree (Vaudenay, "Secure Communications over Insecure Channels Based on Short Authenticated Strings", 2005;
 * Bluetooth's numeric comparison, Core Specification vol. 2 part H §7.2.1; ZRTP's hash commitment, RFC 6189 §4.4.1.1).
 */
export function pairingCommitment({ hubPin, nodePin, hubNonce }: Omit<PairingFacts, 'nodeNonce'>): string {
  return digest('millrace pairing commitment 1', hubPin, nodePin, hubNonce).toString('hex');
}

/** True when the nonce told is the one committed to, for these keys. */
export function keepsCommitment(commitment: string, facts: Omit<PairingFacts, 'nodeNonce'>): boolean {
  const said = Buffer.from(commitment);
  const kept = Buffer.from(pairingCommitment(facts));
  return said.length === kept.length && timingSafeEqual(said, kept);
}

/** Six digits, evenly spread but for 4 in 10⁶ (32 bits mod 10⁶, as in Bluetooth's numeric comparison). */
export function pairingCode({ hubPin, nodePin, hubNonce, nodeNonce }: PairingFacts): string {
  const number = digest('millrace pairing code 1', hubPin, nodePin, hubNonce, nodeNonce).readUInt32BE(0) % 1_000_000;
  return String(number).padStart(6, '0');
}

/** As people read it: `123 456`. */
export const spokenCode = (code: string): string => `${code.slice(0, 3)} ${code.slice(3)}`;
