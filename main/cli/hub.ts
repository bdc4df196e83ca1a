/** `millrace hub`: the hub without a window of its own, from flags and the variables of older systems. */

import { X509Certificate } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { z } from 'zod';
import { dataFolder } from '../../common/data-folder.ts';
import { stopOnSignals } from '../../common/process-exit.ts';
import packageFile from '../../package.json' with { type: 'json' };
import type { HubConfig } from '../hub/config.ts';
import type { Hub } from '../hub/start-hub.ts';
import { type CommandContext, parsePort } from './context.ts';
import { createHubClient } from './hub-client.ts';
import { CommandError, exitCodes, printJson, say } from './output.ts';
import { type ServeOptions, servingCommand, stderrLogger } from './serve.ts';

export interface HubVerbOptions extends ServeOptions {
  readonly data?: string;
  readonly port: number;
  readonly host?: string;
  readonly broker?: string;
  readonly brokerCa?: string;
  readonly brokerPrefix?: string;
  readonly door?: number;
  readonly doorCert?: string;
  readonly doorKey?: string;
  readonly localNode: boolean;
  readonly legacyPort: readonly number[];
  readonly models?: string;
}

type Environment = CommandContext['environment'];

/** The built window: beside the sources in a checkout, beside the compiled app in a package. */
export function windowFolder(): string | null {
  const places = ['../../dist/renderer', '../../../renderer'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  return places.find((place) => existsSync(resolve(place, 'index.html'))) ?? null;
}

/** `--broker`, else `REDIS_URL`, else `REDIS_HOST` and `REDIS_PORT`. */
function brokerUrl(flag: string | undefined, environment: Environment): string | null {
  const { REDIS_URL: url, REDIS_HOST: host, REDIS_PORT: port } = environment;
  const chosen = flag ?? (url || (host ? `redis://${host}:${port || 6_379}` : undefined));
  if (chosen === undefined) return null;
  if (!z.url({ protocol: /^rediss?$/ }).safeParse(chosen).success) {
    throw new CommandError(exitCodes.usage, `The broker's address “${chosen}” is not redis://host:port.`);
  }
  return chosen;
}

/** The broker's place, and what goes with it. */
function externalBroker(options: HubVerbOptions, environment: Environment): HubConfig['broker'] {
  const url = brokerUrl(options.broker, environment);
  if (url === null) return null;
  const { brokerCa, brokerPrefix: prefix = 'mr' } = options;
  if (!/^[\w.:-]{1,64}$/.test(prefix))
    throw new CommandError(exitCodes.usage, 'The prefix has 1 to 64 letters, digits and . : _ -');
  return { url, ca: brokerCa === undefined ? null : readAuthority(brokerCa), prefix };
}

function readAuthority(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    new X509Certificate(text);
    return text;
  } catch {
    throw new CommandError(exitCodes.usage, `“${path}” is no certificate in PEM.`);
  }
}

function centralServerUrl(environment: Environment): { centralServerUrl?: string } {
  const url = environment['CENTRAL_SERVER_URL'];
  if (!url) return {};
  if (!z.url({ protocol: /^https?$/ }).safeParse(url).success) {
    throw new CommandError(exitCodes.usage, `CENTRAL_SERVER_URL “${url}” is not an http or https address.`);
  }
  return { centralServerUrl: url };
}

/** `--door`, and the owner's certificate for it. */
function webDoor({ door: port, doorCert, doorKey }: HubVerbOptions): HubConfig['door'] {
  if ((doorCert === undefined) !== (doorKey === undefined) || (port === undefined && doorCert !== undefined))
    throw new CommandError(exitCodes.usage, '--door-cert and --door-key belong together, and to --door.');
  if (port === undefined) return null;
  if (doorCert === undefined || doorKey === undefined) return { port, certificate: null };
  return { port, certificate: { certificateFile: resolve(doorCert), keyFile: resolve(doorKey) } };
}

export function hubConfig(options: HubVerbOptions, environment: Environment): HubConfig {
  return {
    dataDir: dataFolder(options.data, environment),
    // No keychain without a desktop session.
    keyPassphrase: null,
    port: options.port,
    host: options.host ?? null,
    broker: externalBroker(options, environment),
    door: webDoor(options),
    localNode: options.localNode,
    legacyPorts: options.legacyPort,
    uiFolder: windowFolder(),
    nodeExecutable: process.execPath,
    version: packageFile.version,
    settings: centralServerUrl(environment),
  };
}

/** `GOOGLE_LOGO` of the older system: the picture to mark with unless a job names another. */
async function applyLogo(hub: Hub, path: string | undefined, context: CommandContext): Promise<void> {
  if (!path) return;
  const there = await stat(path).catch(() => undefined);
  if (!there?.isFile())
    return say(context.terminal, `GOOGLE_LOGO: there is no file “${path}”; the mark stays as it is.`);
  const client = createHubClient(hub.url, hub.token);
  try {
    const name = basename(path);
    const body = { bytes: createReadStream(path), sizeBytes: there.size };
    const stored = await client.call('putLooseBlob', { query: { name }, body });
    await client.call('updateSettings', { body: { logo: { ...stored, name } } });
  } finally {
    await client.close();
  }
}

async function run(context: CommandContext, options: HubVerbOptions): Promise<void> {
  const config = hubConfig(options, context.environment);
  const logger = stderrLogger(context, options);
  if (options.models !== undefined) logger.warn({ models: options.models }, 'no pipeline uses models yet');
  if (config.uiFolder === null) logger.warn({}, 'the window is not built: npm run build');
  // Loaded here: the other verbs start faster without it.
  const { startHub } = await import('../hub/start-hub.ts');
  const hub = await startHub(config, logger);
  await applyLogo(hub, context.environment['GOOGLE_LOGO'], context);
  const { url, port, brokerPort } = hub;
  stopOnSignals(() => hub.stop(), logger);
  printJson(context.terminal, { event: 'ready', url, port, brokerPort });
}

const collectPorts = (text: string, before: readonly number[]): readonly number[] => [...before, parsePort(text)];

export function hubCommand(context: CommandContext): Command {
  const command = new Command('hub')
    .description('Runs the hub: API, window, catalog, planner and broker')
    .option('--data <dir>', 'folder that holds everything it keeps (or MILLRACE_DATA)')
    .option('--port <n>', 'loopback port of API and window; 0 takes the last one, or a free one', parsePort, 0)
    .option('--host <addr>', 'address of the door to the network, opened at once')
    .option('--broker <url>', 'a Redis or Valkey instead of the embedded broker (or REDIS_URL)')
    .option('--broker-ca <file>', 'PEM of the authority that signed the certificate of a rediss:// broker')
    .option('--broker-prefix <text>', 'first part of every key there', 'mr')
    .option('--door <port>', 'also opens a door for browsers and API tokens on the network; 0 as above', parsePort)
    .option('--door-cert <file>', 'its certificate in PEM; without one browsers warn')
    .option('--door-key <file>', 'the key to that certificate')
    .option('--no-local-node', 'lets this machine do no work itself')
    .option('--models <dir>', 'folder of models, for pipelines that use them')
    .option(
      '--legacy-port <n>',
      'also listens here, for clients of older systems; may be given several times',
      collectPorts,
      [],
    )
    .action((options: HubVerbOptions) => run(context, options));
  return servingCommand(command);
}
