/**
 * The hub's process entry: under Electron as a utility process, as a child of Node, or alone. Parent and hub speak over their
 * own port (parsed both ways); alone, the ready line goes to stdout. Configuration comes in MILLRACE_HUB_CONFIG.
 */
import { z } from 'zod';
import { createLogger } from '../../common/log.ts';
import { stopOnSignals } from '../../common/process-exit.ts';
import { failureOf } from '../../contract/errors.ts';
import { hubReadySchema, shellRequestSchema } from '../../contract/hub-api.ts';
import type { HubConfig } from './config.ts';
import { type Hub, startHub } from './start-hub.ts';

const configSchema = z.object({
  dataDir: z.string(),
  /** The passphrase of the key comes over the port, where no other process can read it. */
  awaitsPassphrase: z.boolean().default(false),
  port: z.int().min(0).max(65_535).default(0),
  host: z.string().nullable().default(null),
  broker: z.object({ url: z.string(), ca: z.string().nullable(), prefix: z.string() }).nullable().default(null),
  door: z
    .object({
      port: z.int().min(0).max(65_535),
      certificate: z.object({ certificateFile: z.string(), keyFile: z.string() }).nullable(),
    })
    .nullable()
    .default(null),
  localNode: z.boolean().default(true),
  legacyPorts: z.array(z.int()).default([]),
  uiFolder: z.string().nullable().default(null),
  nodeExecutable: z.string(),
  agentEntry: z.string().optional(),
  nodeName: z.string().optional(),
  version: z.string(),
  settings: z
    .object({ centralServerUrl: z.string().nullable().optional(), hubName: z.string().optional() })
    .default({}),
});

/** The way to the parent: Electron's port, Node's channel, or stdout for what anyone may read. */
interface Port {
  /** True when nobody but the parent can read it. */
  readonly isPrivate: boolean;
  send(message: object): void;
  onMessage(listener: (message: unknown) => void): void;
}

function electronPort(): Port | undefined {
  if (!('parentPort' in process)) return undefined;
  const schema = z.object({ postMessage: z.function(), on: z.function() });
  const port = process.parentPort;
  if (!schema.safeParse(port).success || typeof port !== 'object' || port === null) return undefined;
  if (
    !('postMessage' in port) ||
    !('on' in port) ||
    typeof port.postMessage !== 'function' ||
    typeof port.on !== 'function'
  )
    return undefined;
  const { postMessage, on } = port;
  return {
    isPrivate: true,
    send: (message) => void postMessage.call(port, message),
    onMessage: (listener) => void on.call(port, 'message', (event: { data: unknown }) => listener(event.data)),
  };
}

function openPort(): Port {
  const viaElectron = electronPort();
  if (viaElectron) return viaElectron;
  if (process.send) {
    return {
      isPrivate: true,
      send: (message) => process.send?.(message),
      onMessage: (listener) => void process.on('message', listener),
    };
  }
  return {
    isPrivate: false,
    send: (message) => void process.stdout.write(`${JSON.stringify(message)}\n`),
    onMessage: () => undefined,
  };
}

/** What the parent unlocks the key with. Nothing else can be done before; a parent that changes its mind ends the hub. */
function passphraseOf(port: Port): Promise<string | null> {
  return new Promise((resolve) => {
    let isUnlocked = false;
    port.onMessage((message) => {
      const request = shellRequestSchema.safeParse(message).data;
      if (isUnlocked || request === undefined) return;
      if (request.type === 'stop') process.exit(0);
      if (request.type !== 'unlock') return;
      isUnlocked = true;
      resolve(request.passphrase);
    });
  });
}

async function answer(hub: Hub, port: Port, message: unknown): Promise<void> {
  const request = shellRequestSchema.parse(message);
  if (request.type === 'unlock') return;
  if (request.type === 'stop') {
    await hub.stop();
    process.exit(0);
  }
  const { requestId, paths, ...order } = request;
  try {
    port.send({ type: 'imported', requestId, outcome: await hub.importPaths(paths, order) });
  } catch (error) {
    port.send({ type: 'refused', requestId, error: failureOf(error, 'internal') });
  }
}

const logger = createLogger('info', (line) => process.stderr.write(line), { part: 'hub' });
const { awaitsPassphrase, ...given } = configSchema.parse(JSON.parse(process.env['MILLRACE_HUB_CONFIG'] ?? '{}'));
const port = openPort();
const config: HubConfig = { ...given, keyPassphrase: awaitsPassphrase ? await passphraseOf(port) : null };
const hub = await startHub(config, logger);
stopOnSignals(hub.stop, logger);
process.on('disconnect', () => void hub.stop().then(() => process.exit(0)));
port.onMessage((message) => {
  answer(hub, port, message).catch((error: unknown) =>
    logger.warn({ error }, 'a message of the shell could not be answered'),
  );
});
port.send(
  hubReadySchema.parse({
    event: 'ready',
    url: hub.url,
    port: hub.port,
    brokerPort: hub.brokerPort,
    ...(port.isPrivate && { token: hub.token }),
  }),
);
