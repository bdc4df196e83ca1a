/**
 * The embedded broker in a thread of its own, with a user for each node. A thread that died is started again on the same port and
 * folder, so that everybody's connections find it.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import type { Logger } from '../../../common/log.ts';
import { nodeRules, userName } from './broker-users.ts';
import type { HubBroker } from './hub-broker.ts';
import { queuePrefix } from './node-queues.ts';

/** The broker as the hub needs it; start-hub binds it to broker/start-broker. */
export interface EmbeddedBroker {
  readonly port: number;
  /** Resolves when it ended by itself, with the error if its thread died. */
  readonly ended: Promise<Error | undefined>;
  setUser(name: string, rules: readonly string[]): Promise<void>;
  deleteUser(name: string): Promise<number>;
  stop(): Promise<void>;
}
/** @param port of a broker that ran before, to be taken again; 0: any */
export type StartEmbedded = (options: { password: string; port: number }) => Promise<EmbeddedBroker>;

const prefix = 'mr';
const longestPauseMs = 30_000;
/** Before the n-th start in a row that failed, n from 0, ms. */
const pauseMs = (n: number): number => Math.min(500 * 2 ** n, longestPauseMs);

/** Starts the embedded broker with a password that lives as long as the hub does. */
export async function embeddedBroker(start: StartEmbedded, logger: Logger): Promise<HubBroker> {
  const password = randomBytes(24).toString('base64url');
  const passwords = new Map<string, string>();
  const first = await start({ password, port: 0 });
  const { port } = first;
  /** Null while its thread is dead: one that is dead answers nothing. */
  let running: EmbeddedBroker | null = first;
  const stopping = new AbortController();

  const makeUser = async (broker: EmbeddedBroker, nodeId: string, secret: string): Promise<void> =>
    broker.setUser(userName(nodeId), nodeRules(queuePrefix(prefix, nodeId), secret));
  const startAgain = async (): Promise<EmbeddedBroker | null> => {
    for (let n = 0; !stopping.signal.aborted; n++) {
      try {
        const broker = await start({ password, port });
        for (const [nodeId, secret] of passwords) await makeUser(broker, nodeId, secret);
        logger.info({ port }, 'the broker runs again');
        return broker;
      } catch (error) {
        logger.error({ error }, 'the broker could not be started again; tried on');
        await after(pauseMs(n), undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
    return null;
  };
  const keepRunning = async (): Promise<void> => {
    while (running !== null) {
      const error = await running.ended;
      if (stopping.signal.aborted) return;
      running = null;
      logger.error({ error }, 'the broker ended; it is started again');
      running = await startAgain();
    }
  };
  const watched = keepRunning();

  return {
    connection: { url: `redis://default:${password}@127.0.0.1:${port}`, ca: null },
    port,
    prefix,
    connectInside: () => connect({ host: '127.0.0.1', port }),
    facts: () => ({ kind: 'embedded', address: null, server: null, notices: [] }),
    access: (node, tlsPort) => ({
      port: node.local ? port : tlsPort,
      tls: !node.local,
      url: null,
      username: userName(node.id),
      password: node.password,
      prefix: queuePrefix(prefix, node.id),
    }),
    async admit(nodeId, secret) {
      passwords.set(nodeId, secret);
      if (running !== null) await makeUser(running, nodeId, secret);
    },
    async expel(nodeId) {
      passwords.delete(nodeId);
      await running?.deleteUser(userName(nodeId));
    },
    onAccessChanged: () => undefined,
    async stop() {
      stopping.abort();
      if (running === null) await watched;
      await running?.stop();
    },
  };
}
