/** Handlers of operations on the broker. */
import type { BrokerView } from '../../../../contract/operations/broker.ts';
import type { JsonHandlers } from '../handlers.ts';

export interface BrokerParts {
  broker(): BrokerView;
}

export function brokerHandlers(parts: BrokerParts): Pick<JsonHandlers, 'getBroker'> {
  return { getBroker: async () => parts.broker() };
}
