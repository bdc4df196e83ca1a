/** The broker that this hub uses: the embedded one in a thread of its own, or a Redis or Valkey by address; and the users of its nodes. */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Logger } from '../../../common/log.ts';
import type { BrokerAccess } from '../../../contract/node.ts';
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

export interface HubBroker {
  /** With the hub's own credentials. */
  readonly url: string;
  /** Port of the embedded broker on loopback; null with an external one. */
  readonly port: number | null;
  /** How a node reaches it. @param tlsPort of the broker's door to the network, for nodes on other machines */
  access(node: { id: string; local: boolean; password: string }, tlsPort: number | null): BrokerAccess;
  admit(nodeId: string, password: string): Promise<void>;
  expel(nodeId: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the embedded broker with a password that lives as long as it does. */
export async function embeddedBroker(start: StartEmbedded): Promise<HubBroker> {
  const password = randomBytes(24).toString('base64url');
  const broker = await start({ password });
  return {
    url: `redis://default:${password}@127.0.0.1:${broker.port}`,
    port: broker.port,
    access: (node, tlsPort) => ({
      port: node.local ? broker.port : tlsPort,
      tls: !node.local,
      url: null,
      username: userName(node.id),
      password: node.password,
      prefix: queuePrefix(node.id),
    }),
    admit: (nodeId, secret) => broker.setUser(userName(nodeId), nodeRules(nodeId, secret)),
    expel: async (nodeId) => {
      await broker.deleteUser(userName(nodeId));
    },
    stop: () => broker.stop(),
  };
}

/**
 * An external Redis or Valkey. Nodes get users of their own where it allows that; otherwise all share the given credentials, and
 * the log says what that means.
 */
export async function externalBroker(url: string, logger: Logger): Promise<HubBroker> {
  const client = new Redis(url, { maxRetriesPerRequest: 3, retryStrategy: () => 500, lazyConnect: true });
  client.on('error', (error) => logger.debug({ error: error.message }, 'external broker'));
  await client.connect();
  const own = new Set<string>();
  const { hostname, port, protocol, pathname } = new URL(url);
  const plain = `${protocol}//${hostname}:${port || '6379'}${pathname === '/' ? '' : pathname}`;
  const policy = JSON.stringify(await client.config('GET', 'maxmemory-policy').catch(() => null));
  if (policy.includes('maxmemory-policy') && !policy.includes('noeviction')) {
    logger.warn(
      { policy },
      'the external broker throws jobs away when its memory is full: set its maxmemory-policy to noeviction',
    );
  }
  return {
    url,
    port: null,
    access: (node) =>
      own.has(node.id)
        ? {
            port: null,
            tls: false,
            url: plain,
            username: userName(node.id),
            password: node.password,
            prefix: queuePrefix(node.id),
          }
        : { port: null, tls: false, url, username: null, password: null, prefix: queuePrefix(node.id) },
    async admit(nodeId, secret) {
      try {
        await client.call('ACL', 'SETUSER', userName(nodeId), ...nodeRules(nodeId, secret));
        own.add(nodeId);
      } catch (error) {
        logger.warn(
          { error, nodeId },
          'the external broker gives nodes no users of their own: they are not isolated from each other, and sending one away needs a new password',
        );
      }
    },
    async expel(nodeId) {
      if (own.delete(nodeId)) await client.call('ACL', 'DELUSER', userName(nodeId));
    },
    async stop() {
      client.disconnect();
    },
  };
}
