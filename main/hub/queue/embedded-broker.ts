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
  /** @param scriptLimitMs longest that a script of this user may run before it is stopped */
  setUser(name: string, rules: readonly string[], scriptLimitMs: number): Promise<void>;
  deleteUser(name: string): Promise<number>;
  stop(): Promise<void>;
}
/** @param port of a broker that ran before, to be taken again; 0: any */
export type StartEmbedded = (options: { password: string; port: number }) => Promise<EmbeddedBroker>;

const prefix = 'mr';
/** BullMQ's scripts take microseconds; one that takes this long holds the broker up for everyone. */
const nodeScriptLimitMs = 5_000;
/** A broker that ran so long starts a new count. */
const steadyAfterMs = 60_000;
/** Before the n-th start in a row, n from 0: at once, then later and later, ms. */
const pauseMs = (n: number): number => (n === 0 ? 0 : Math.min(250 * 2 ** n, 30_000));

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
    broker.setUser(userName(nodeId), nodeRules(queuePrefix(prefix, nodeId), secret), nodeScriptLimitMs);
  let inARow = 0;
  const startAgain = async (): Promise<EmbeddedBroker | null> => {
    while (!stopping.signal.aborted) {
      try {
        await after(pauseMs(inARow++), undefined, { signal: stopping.signal });
        const broker = await start({ password, port });
        for (const [nodeId, secret] of passwords) await makeUser(broker, nodeId, secret);
        logger.info({ port }, 'the broker runs again');
        return broker;
      } catch (error) {
        if (!stopping.signal.aborted) logger.error({ error }, 'the broker could not be started again; tried on');
      }
    }
    return null;
  };
  const keepRunning = async (): Promise<void> => {
    while (running !== null) {
      const sinceMs = performance.now();
      const error = await running.ended;
      if (stopping.signal.aborted) return;
      if (performance.now() - sinceMs >= steadyAfterMs) inARow = 0;
      running = null;
      logger.error({ error }, 'the broker ended; it is started again');
      running = await startAgain();
    }
  };
  const watched = keepRunning();
  /** Does it now if the broker runs. One that dies meanwhile is no error: the next start makes the users that are wanted then. */
  const change = async (work: (broker: EmbeddedBroker) => Promise<unknown>): Promise<void> => {
    const broker = running;
    if (broker === null) return;
    const died = broker.ended.then(() => true);
    try {
      await work(broker);
    } catch (error) {
      if (!(await Promise.race([died, after(0, false)]))) throw error;
    }
  };

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
      await change((broker) => makeUser(broker, nodeId, secret));
    },
    async expel(nodeId) {
      passwords.delete(nodeId);
      await change((broker) => broker.deleteUser(userName(nodeId)));
    },
    onAccessChanged: () => undefined,
    async stop() {
      stopping.abort();
      if (running === null) await watched;
      await running?.stop();
    },
  };
}
