/** Operations on the broker that carries the farm's work. */
import { z } from 'zod';
import { define, none, type Operation } from './operation.ts';

/** What is wrong with how an external broker is set up. Work goes on. */
export const brokerNoticeSchema = z.object({
  code: z.enum(['evicts', 'not_persistent', 'not_isolated', 'unknown_setup']),
  /** A sentence for people, with what to do. */
  text: z.string(),
});
export type BrokerNotice = z.infer<typeof brokerNoticeSchema>;

export const brokerViewSchema = z.object({
  kind: z.enum(['embedded', 'external']),
  /** `host:port` of an external one. */
  address: z.string().nullable(),
  /** `Redis 7.0.15`; null for the embedded one and until an external one has answered. */
  server: z.string().nullable(),
  reachable: z.boolean(),
  notices: z.array(brokerNoticeSchema),
});
export type BrokerView = z.infer<typeof brokerViewSchema>;

export const brokerOperations = {
  getBroker: define({
    method: 'GET',
    path: '/broker',
    summary: 'The broker in use, and what is wrong with how it is set up',
    scope: 'read',
    params: none,
    query: none,
    body: null,
    response: brokerViewSchema,
    status: 200,
  }),
} as const satisfies Record<string, Operation>;
