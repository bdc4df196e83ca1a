/** What the hub asks of its broker, whichever it is. */
import type { Socket } from 'node:net';
import type { BrokerAccess } from '../../../contract/node.ts';
import type { BrokerView } from '../../../contract/operations/broker.ts';

/** How the hub's own connections reach the broker. */
export interface BrokerConnection {
  /** With the hub's own credentials. */
  readonly url: string;
  /** PEM of the authority to trust for `rediss://`; null: those of the system. */
  readonly ca: string | null;
}

/** What people are told of the broker, apart from whether it answers now. */
export type BrokerFacts = Omit<BrokerView, 'reachable'>;

export interface HubBroker {
  readonly connection: BrokerConnection;
  readonly port: number;
  /** First part of all queues' names. */
  readonly prefix: string;
  /** Opens what the broker's door to the network leads to; null when nodes reach the broker without it. */
  readonly connectInside: (() => Socket) | null;
  facts(): BrokerFacts;
  /** How a node reaches it. @param tlsPort of the broker's door to the network, for nodes on other machines */
  access(node: { id: string; local: boolean; password: string }, tlsPort: number | null): BrokerAccess;
  /** Gives a node a user of its own, now or as soon as the broker is there. */
  admit(nodeId: string, password: string): Promise<void>;
  expel(nodeId: string): Promise<void>;
  /** Told when what `access` answers has changed for all nodes. */
  onAccessChanged(listener: () => void): void;
  stop(): Promise<void>;
}
