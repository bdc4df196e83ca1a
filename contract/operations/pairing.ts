/** Operations of joining by a code that people compare: what the asking node calls, and what the hub's owner decides. */
import { z } from 'zod';
import { uuidSchema } from '../ids.ts';
import { timestampSchema } from '../item.ts';
import { pairingAnswerSchema, pairingAskSchema, pairingOfferSchema, pairingWaitSchema } from '../pairing.ts';
import { define, idParam, none, type Operation } from './operation.ts';

/** Six digits, as the machine shows them; people may write a space. */
export const pairingCodeSchema = z
  .string()
  .max(20)
  .transform((text) => text.replace(/\s/g, ''))
  .pipe(z.string().regex(/^\d{6}$/, 'six digits'));

/** A machine that asks to be let in. */
export const pairingRequestSchema = z.object({
  id: uuidSchema,
  /** What it calls itself; anybody can call himself anything. */
  name: z.string(),
  /** To be compared with the one that the machine shows. */
  code: z.string(),
  address: z.string(),
  os: z.string(),
  cores: z.int(),
  state: z.enum(['pending', 'approved']),
  askedAt: timestampSchema,
  expiresAt: timestampSchema,
});
export type PairingRequest = z.infer<typeof pairingRequestSchema>;

export const pairingOperations = {
  askToJoin: define({
    method: 'POST',
    path: '/pairing-requests',
    summary: 'A node without a token asks to be let in',
    scope: 'public',
    params: none,
    query: none,
    body: pairingAskSchema,
    response: pairingOfferSchema,
    status: 201,
  }),
  waitForApproval: define({
    method: 'POST',
    path: '/pairing-requests/{id}:wait',
    summary: 'The node tells its random number and waits for the decision',
    scope: 'public',
    params: idParam,
    query: none,
    body: pairingWaitSchema,
    response: pairingAnswerSchema,
    status: 200,
  }),
  listPairingRequests: define({
    method: 'GET',
    path: '/pairing-requests',
    summary: 'Machines that ask to be let in, newest last',
    scope: 'admin',
    params: none,
    query: none,
    body: null,
    response: z.object({
      rows: z.array(pairingRequestSchema),
      /** Requests of the last minutes that were turned away because too many came. */
      turnedAway: z.int(),
    }),
    status: 200,
  }),
  approvePairing: define({
    method: 'POST',
    path: '/pairing-requests/{id}:approve',
    summary: 'Let a machine in whose code was compared',
    scope: 'admin',
    params: idParam,
    query: none,
    body: z.object({ code: pairingCodeSchema }),
    response: pairingRequestSchema,
    status: 200,
  }),
  rejectPairing: define({
    method: 'POST',
    path: '/pairing-requests/{id}:reject',
    summary: 'Turn a machine away',
    scope: 'admin',
    params: idParam,
    query: none,
    body: null,
    response: null,
    status: 204,
  }),
} as const satisfies Record<string, Operation>;
