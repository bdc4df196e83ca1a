/** What the hub asks of its broker, and the embedded one: in a thread of its own, with a user for each node. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { BrokerAccess } from '../../../contract/node.ts';
import type { BrokerView } from '../../../contract/operations/broker.ts';
import { nodeRules, userName } from './broker-users.ts';
import { queuePrefix } from './node-queues.ts';

/** The embedded broker as the hub needs it; start-hub binds it to broker/start-broker. */
export interface EmbeddedBroker {
  readonly port: number;
  setUser(name: string, rules: readonly string[]): Promise<void>;
  deleteUser(name: string): Promise<number>;
  stop(): Promise<void>;
}
export type StartEmbedded = (options: { password: string }) => Promise<EmbeddedBroker>;

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

const embeddedPrefix = 'mr';

/** Starts the embedded broker with a password that lives as long as it does. */
export async function embeddedBroker(start: StartEmbedded): Promise<HubBroker> {
  const password = randomBytes(24).toString('base64url');
  const broker = await start({ password });
  return {
    connection: { url: `redis://default:${password}@127.0.0.1:${broker.port}`, ca: null },
    port: broker.port,
    prefix: embeddedPrefix,
    connectInside: () => connect({ host: '127.0.0.1', port: broker.port }),
    facts: () => ({ kind: 'embedded', address: null, server: null, notices: [] }),
    access: (node, tlsPort) => ({
      port: node.local ? broker.port : tlsPort,
      tls: !node.local,
      url: null,
      username: userName(node.id),
      password: node.password,
      prefix: queuePrefix(embeddedPrefix, node.id),
    }),
    admit: (nodeId, secret) => broker.setUser(userName(nodeId), nodeRules(queuePrefix(embeddedPrefix, nodeId), secret)),
    expel: async (nodeId) => {
      await broker.deleteUser(userName(nodeId));
    },
    onAccessChanged: () => undefined,
    stop: () => broker.stop(),
  };
}
