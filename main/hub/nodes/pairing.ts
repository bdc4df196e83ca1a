/**
 * Join tokens: made, and redeemed once per use. A token proves to the hub that somebody with its admin's trust sent the node, and
 * to the node, by the pin in it, that it speaks to that hub. Owns no nodes.
 */
import { randomBytes } from 'node:crypto';
import { type Clock, timestamp } from '../../../common/clock.ts';
import { MillraceError } from '../../../contract/errors.ts';
import type { Catalog } from '../catalog/database.ts';
import {
  allJoinTokens,
  deleteExpiredJoinTokens,
  emptyJoinToken,
  findJoinToken,
  insertJoinToken,
  spendJoinToken,
} from '../catalog/join-tokens.ts';
import { fitsHash, hashSecret, newSecret } from './secrets.ts';

export interface PairingParts {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly hubId: string;
  /** The hub's key pin. */
  readonly pin: string;
  /** Where the hub's door is now, as `addr:port`; hints that go into tokens. */
  readonly addresses: () => readonly string[];
}

export interface Pairing {
  /** @returns the token's text, shown once; only its digest is kept */
  createToken(order: {
    uses: number;
    ttlMs: number;
    /** For the hub's own node. */
    isOwn?: boolean;
  }): Promise<{ token: string; expiresAt: string; uses: number }>;
  /**
   * Takes one use of a token away. To be called inside the transaction that stores what it was used for.
   * @returns the token's id
   * @throws MillraceError token_invalid
   */
  redeem(token: string): string;
  /**
   * The id of a token that is genuine and has not run out, used up or not: its uses are not touched. For an answer that was lost.
   * @throws MillraceError token_invalid
   */
  verify(token: string): string;
  isOwn(tokenId: string): boolean;
  /** Takes the uses away that a token has left; inside a transaction. Ids of no token are ignored. */
  revoke(tokenId: string): void;
}

const maxHints = 16;

/**
 * Tokens end by the wall clock, which survives restarts, and by steady time, which nobody can turn back: whichever is first.
 */
export function createPairing(parts: PairingParts): Pairing {
  const { catalog, clock, hubId, pin, addresses } = parts;
  const deadlines = new Map<string, number>();
  const own = new Set<string>();
  for (const { id, createdMs, expiresMs } of allJoinTokens(catalog)) {
    const leftMs = Math.min(expiresMs - clock.wallMs(), expiresMs - createdMs);
    deadlines.set(id, clock.monotonicMs() + leftMs);
  }

  const genuine = (token: string): { id: string; usesLeft: number } => {
    const [, tokenHubId, tokenPin, id = '', secret = ''] = token.split('.');
    if (tokenHubId !== hubId || tokenPin !== pin)
      throw new MillraceError('token_invalid', 'This token was made by another hub.');
    const row = findJoinToken(catalog, id);
    if (row === undefined || !fitsHash(secret, row.secretHash)) throw new MillraceError('token_invalid');
    const deadlineMs = deadlines.get(id) ?? Number.NEGATIVE_INFINITY;
    if (clock.wallMs() >= row.expiresMs || clock.monotonicMs() >= deadlineMs)
      throw new MillraceError('token_invalid', 'This token has run out.');
    return row;
  };

  return {
    async createToken({ uses, ttlMs, isOwn = false }) {
      const id = randomBytes(8).toString('hex');
      const secret = newSecret();
      const createdMs = clock.wallMs();
      const expiresMs = createdMs + ttlMs;
      const hints = Buffer.from(addresses().slice(0, maxHints).join(',')).toString('base64url');
      await catalog.commit(() => {
        deleteExpiredJoinTokens(catalog, createdMs);
        insertJoinToken(catalog, { id, secretHash: hashSecret(secret), usesLeft: uses, expiresMs, createdMs });
      });
      deadlines.set(id, clock.monotonicMs() + ttlMs);
      if (isOwn) own.add(id);
      const token = ['mrt1', hubId, pin, id, secret, ...(hints === '' ? [] : [hints])].join('.');
      return { token, expiresAt: timestamp(expiresMs), uses };
    },
    redeem(token) {
      const { id } = genuine(token);
      if (!spendJoinToken(catalog, id)) throw new MillraceError('token_invalid', 'This token was used already.');
      return id;
    },
    verify: (token) => genuine(token).id,
    isOwn: (tokenId) => own.has(tokenId),
    revoke: (tokenId) => emptyJoinToken(catalog, tokenId),
  };
}
