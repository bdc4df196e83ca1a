/** Secrets that the hub gives out: how they are made, kept as digests, compared, and written as bearer tokens. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { uuidSchema } from '../../../contract/ids.ts';

/** 256 random bits, base64url (43 characters). */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a secret. Plain SHA-256 is enough: the secrets are random, nobody can guess through them. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Takes the same time wherever they differ. An empty hash (a removed node's) fits nothing. */
export function fitsHash(secret: string, hash: string): boolean {
  const actual = Buffer.from(hashSecret(secret));
  const expected = Buffer.from(hash);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

const bearerPattern = /^mrn1\.([0-9a-f-]{36})\.([A-Za-z0-9_-]{20,64})$/;
const bearerParts = z.tuple([z.string(), uuidSchema, z.string()]);

/** A node's credentials as a bearer token: `mrn1.<nodeId>.<secret>`. */
export function nodeBearer(nodeId: string, secret: string): string {
  return `mrn1.${nodeId}.${secret}`;
}

/** The parts of a node's bearer token, or null when the text is none. */
export function parseNodeBearer(bearer: string): { nodeId: string; secret: string } | null {
  const parts = bearerParts.safeParse(bearerPattern.exec(bearer)?.slice(0, 3));
  return parts.success ? { nodeId: parts.data[1], secret: parts.data[2] } : null;
}
