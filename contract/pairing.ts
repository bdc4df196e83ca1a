/** What a node and a hub say to each other while people compare a code: an ask, a promise, two random numbers, a decision. */
import { z } from 'zod';
import { sha256Schema, uuidSchema } from './ids.ts';
import { joinRequestSchema, joinResponseSchema, keyPinSchema } from './node.ts';

/** A random number of a pairing, 256 bits in hexadecimal. */
const nonceSchema = sha256Schema;

/** `POST /pairing-requests`: a node without a token asks to be let in, over TLS with its certificate, or over loopback. */
export const pairingAskSchema = joinRequestSchema.omit({ token: true });
export type PairingAsk = z.infer<typeof pairingAskSchema>;

/** The hub commits to its random number before it learns the node's. */
export const pairingOfferSchema = z.object({
  requestId: uuidSchema,
  hubId: uuidSchema,
  hubName: z.string().max(200),
  /** The hub's key pin; over TLS it must be the one of the certificate shown. */
  hubPin: keyPinSchema,
  commitment: sha256Schema,
  /** After so long without an answer the request is gone, and the node asks anew. */
  lifeMs: z.int().positive(),
});
export type PairingOffer = z.infer<typeof pairingOfferSchema>;

/** `POST /pairing-requests/{id}:wait`: tells the node's random number, the same at each call, and waits for a decision. */
export const pairingWaitSchema = z.object({ nonce: nonceSchema, waitMs: z.int().min(0).max(25_000).default(0) });
export type PairingWait = z.infer<typeof pairingWaitSchema>;

/** `join` is told once; a repeat (the answer was lost) gives new secrets. */
export const pairingAnswerSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('pending'), hubNonce: nonceSchema }),
  z.object({ state: z.literal('approved'), join: joinResponseSchema }),
  z.object({ state: z.literal('rejected') }),
]);
export type PairingAnswer = z.infer<typeof pairingAnswerSchema>;
