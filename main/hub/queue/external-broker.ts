/**
 * An external Redis or Valkey in the embedded broker's place: one connection that looks how it is set up and keeps the nodes'
 * users there. The hub's queues have connections of their own (node-queues).
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Redis } from 'ioredis';
import type { Logger } from '../../../common/log.ts';
import type { BrokerNotice } from '../../../contract/operations/broker.ts';
import { brokerNotice, inspectBroker } from './broker-inspection.ts';
import { nodeRules, userName } from './broker-users.ts';
import type { BrokerConnection, HubBroker } from './hub-broker.ts';
import { queuePrefix } from './node-queues.ts';

export interface ExternalBrokerConfig extends BrokerConnection {
  /** First part of every key, so that others may use the same database. */
  readonly prefix: string;
}

/** The parts of `redis[s]://[user[:password]@]host[:port][/db]`. */
interface Place {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly db: number;
  readonly username: string | null;
  readonly password: string | null;
  /** Without credentials. */
  readonly url: string;
}

const retryMs = 500;
/** For an answer at start, before the hub goes on without, ms. */
const firstAnswerMs = 5_000;

export function placeOf(url: string): Place {
  const { protocol, hostname, port, pathname, username, password } = new URL(url);
  const tls = protocol === 'rediss:';
  const path = pathname === '/' ? '' : pathname;
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 6_379),
    tls,
    db: Number(path.slice(1)) || 0,
    username: decodeURIComponent(username) || null,
    password: decodeURIComponent(password) || null,
    url: `${protocol}//${hostname}:${port || 6_379}${path}`,
  };
}

/** Nodes on other machines cannot reach such an address: they come through the hub's own door. */
const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

/** What no waiting mends: a wrong password, a certificate that is not trusted, a database that is not there. */
const isRefusal = (error: Error & { code?: string }): boolean =>
  /^(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR DB index)/.test(error.message) ||
  /CERT|SIGNED|ISSUER|LEAF|ALTNAME/.test(error.code ?? '');

/**
 * Resolves when the broker is ready, or could not be reached in time: then it is tried on.
 * @throws Error with a sentence for the user when it refuses us
 */
async function firstAnswer(client: Redis, name: string, logger: Logger): Promise<void> {
  let last: (Error & { code?: string }) | undefined;
  const note = (error: Error): void => {
    last = error;
  };
  client.on('error', note);
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, firstAnswerMs);
  });
  await Promise.race([client.connect().catch(() => undefined), tooLong]);
  clearTimeout(timer);
  client.off('error', note);
  if (last !== undefined && isRefusal(last))
    throw new Error(
      `The broker at ${name} refuses the hub: ${last.message}. Look at its address, password and --broker-ca.`,
    );
  if (client.status !== 'ready')
    logger.error(
      { error: last?.message ?? 'no answer' },
      `the broker at ${name} cannot be reached; it is tried on every ${retryMs} ms, and work waits until it is there`,
    );
}

/** The nodes' users at the broker: made anew at each connection, since a Redis that was restarted may have forgotten them. */
function createUsers(client: Redis, prefix: string, logger: Logger) {
  const wanted = new Map<string, string>();
  const unwanted = new Set<string>();
  /** Null until the broker was asked for one. */
  let allowed: boolean | null = null;
  const listeners: (() => void)[] = [];

  const setAllowed = (now: boolean): void => {
    // Until it is known, nodes are told of users of their own.
    const changed = (allowed !== false) !== now;
    allowed = now;
    if (changed) for (const listener of listeners) listener();
  };
  const make = async (nodeId: string, password: string): Promise<void> => {
    try {
      await client.call('ACL', 'SETUSER', userName(nodeId), ...nodeRules(queuePrefix(prefix, nodeId), password));
      setAllowed(true);
    } catch (error) {
      // A connection that went is no answer; there will be a next one.
      if (client.status !== 'ready') return;
      const { message } = error instanceof Error ? error : new Error(String(error));
      if (allowed !== false) logger.warn({ error: message }, brokerNotice('not_isolated').text);
      setAllowed(false);
    }
  };
  return {
    areOwn: (): boolean => allowed !== false,
    onChange: (listener: () => void): void => void listeners.push(listener),
    async admit(nodeId: string, password: string): Promise<void> {
      wanted.set(nodeId, password);
      unwanted.delete(nodeId);
      if (client.status === 'ready') await make(nodeId, password);
    },
    async expel(nodeId: string): Promise<void> {
      wanted.delete(nodeId);
      unwanted.add(nodeId);
      if (allowed === false) return;
      await client.call('ACL', 'DELUSER', userName(nodeId));
      unwanted.delete(nodeId);
    },
    /** At each connection. */
    async restore(): Promise<void> {
      for (const [nodeId, password] of wanted) await make(nodeId, password);
      for (const nodeId of unwanted) {
        await client.call('ACL', 'DELUSER', userName(nodeId)).catch(() => undefined);
        unwanted.delete(nodeId);
      }
    },
  };
}

/** Looks at the broker at each connection, and says in the log what is new. */
function createInspector(client: Redis, name: string, logger: Logger) {
  let server: string | null = null;
  let notices: readonly BrokerNotice[] = [];
  return {
    server: () => server,
    notices: () => notices,
    async look(): Promise<void> {
      const before = notices;
      const found = await inspectBroker(client);
      server = found.server;
      notices = found.notices;
      for (const { code, text } of notices) {
        if (!before.some((known) => known.code === code)) logger.warn({ code, broker: name }, text);
      }
    },
  };
}

/**
 * Connects to it and looks how it is set up. One that cannot be reached yet is waited for in the background.
 * @throws Error with a sentence for the user: refused credentials or certificate, version too old
 */
export async function externalBroker(config: ExternalBrokerConfig, logger: Logger): Promise<HubBroker> {
  const place = placeOf(config.url);
  const { host, port, username, password, db } = place;
  const name = `${host}:${port}`;
  const tls = place.tls && config.ca !== null ? { tls: { ca: config.ca } } : {};
  const client = new Redis(config.url, {
    ...tls,
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: null,
    retryStrategy: () => retryMs,
  });
  client.on('error', (error) => logger.debug({ error: error.message }, 'external broker'));
  const users = createUsers(client, config.prefix, logger);
  const inspector = createInspector(client, name, logger);
  try {
    await firstAnswer(client, name, logger);
    if (client.status === 'ready') await inspector.look();
  } catch (error) {
    client.disconnect();
    throw error;
  }
  client.on('ready', () => {
    logger.info({ broker: name }, 'the external broker is there');
    Promise.all([inspector.look(), users.restore()]).catch((error: unknown) =>
      logger.error({ error, broker: name }, 'the external broker could not be looked at'),
    );
  });
  const inside = (): Socket =>
    place.tls
      ? connectTls({
          host,
          port,
          ...(config.ca !== null && { ca: config.ca }),
          ...(host === 'localhost' && { servername: host }),
        })
      : connect({ host, port });
  const behindDoor = isLoopback(host);
  return {
    connection: config,
    port,
    prefix: config.prefix,
    connectInside: behindDoor ? inside : null,
    facts: () => ({
      kind: 'external',
      address: name,
      server: inspector.server(),
      notices: [...inspector.notices(), ...(users.areOwn() ? [] : [brokerNotice('not_isolated')])],
    }),
    access(node, tlsPort) {
      const credentials = users.areOwn()
        ? { username: userName(node.id), password: node.password }
        : { username, password };
      const way =
        behindDoor && !node.local
          ? { port: tlsPort, tls: true, url: null, db }
          : { port: null, tls: false, url: place.url, ...(place.tls && config.ca !== null && { ca: config.ca }) };
      return { ...way, ...credentials, prefix: queuePrefix(config.prefix, node.id) };
    },
    admit: users.admit,
    expel: users.expel,
    onAccessChanged: users.onChange,
    async stop() {
      client.disconnect();
    },
  };
}
