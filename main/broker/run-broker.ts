/**
 * One broker in the thread that calls this: engine, log and listeners composed. start-broker.ts is the door for everyone else.
 */

import { type AppendFsync, type Log, openLog } from './aof.ts';
import { createClock } from './clock.ts';
import { families } from './commands/index.ts';
import { Config } from './config.ts';
import { Engine, type Logger } from './engine.ts';
import { realFiles } from './file-system.ts';
import type { TlsOptions } from './listeners.ts';
import { parseOutputLimits } from './output-limits.ts';
import { changeUser } from './rights.ts';
import { listen } from './server.ts';

export interface BrokerSettings {
  /** Folder of the log, locked by the caller; without it nothing is kept. */
  readonly dir?: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly requirepass?: string | undefined;
  readonly appendfsync: AppendFsync;
  readonly tls?: TlsOptions | undefined;
}

export interface RunningBroker {
  readonly port: number;
  readonly tlsPort: number | undefined;
  /** Resolves when the broker has stopped by itself (SHUTDOWN). */
  readonly shutdown: Promise<void>;
  stop(): Promise<void>;
  /**
   * @param scriptLimitMs longest that a script of this user may run; no limit when left out
   * @throws ErrorReply with Redis's text on a bad rule
   */
  setUser(name: string, rules: readonly string[], scriptLimitMs?: number): void;
  /** Removes the user and kills its connections. Returns how many. */
  deleteUser(name: string): number;
}

const KEEP_NOTHING: Log = { flush: () => true, close: async () => undefined };

const LOOPBACK = /^(127\.|::1$|localhost$)/;

export async function runBroker(settings: BrokerSettings, logger: Logger): Promise<RunningBroker> {
  if (!LOOPBACK.test(settings.host) && !settings.requirepass) {
    throw new Error(
      `refusing to listen on ${settings.host} without a password (use requirepass, or TLS beyond loopback)`,
    );
  }
  const { tls } = settings;
  if (tls !== undefined && !LOOPBACK.test(tls.host) && tls.ca === undefined && !settings.requirepass) {
    throw new Error(`refusing to listen on ${tls.host} by TLS with neither a password nor client certificates`);
  }
  const config = new Config({
    appendonly: settings.dir === undefined ? 'no' : 'yes',
    appendfsync: settings.appendfsync,
    bind: settings.host,
    dir: settings.dir ?? '',
    requirepass: bytesOf(settings.requirepass ?? ''),
  });
  const engine = new Engine({ clock: createClock(), config, commands: families.flat(), logger });
  applyPassword(engine, bytesOf(settings.requirepass ?? ''));
  config.onChange = (name, value) => applyConfig(engine, name, value);
  const log = settings.dir === undefined ? KEEP_NOTHING : await openLog(engine, settings.dir, { files: realFiles() });
  const server = await listen(engine, log, settings).catch(async (error: unknown) => {
    await log.close();
    throw error;
  });
  config.report('port', String(server.port));
  if (server.tlsPort !== undefined) config.report('tls-port', String(server.tlsPort));
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= server.stop().then(() => log.close());
    return stopping;
  };
  const shutdown = new Promise<void>((resolve) => {
    engine.requestShutdown = () => void stop().then(resolve);
  });
  return {
    port: server.port,
    tlsPort: server.tlsPort,
    shutdown,
    stop,
    setUser: (name, rules, scriptLimitMs) => {
      changeUser(engine, bytesOf(name), rules.map(bytesOf)).scriptLimitMs = scriptLimitMs ?? Infinity;
    },
    deleteUser: (name) => (engine.acl.deleteUser(bytesOf(name)) === undefined ? 0 : engine.killUser(bytesOf(name))),
  };
}

/** Text of our own side as the byte string that a client would send for it. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function applyPassword(engine: Engine, password: string): void {
  engine.acl.setUser('default', password === '' ? ['nopass'] : ['resetpass', `>${password}`]);
}

function applyConfig(engine: Engine, name: string, value: string): void {
  if (name === 'requirepass') applyPassword(engine, value);
  else if (name === 'maxmemory') engine.maxMemoryBytes = Number(value);
  else if (name === 'slowlog-log-slower-than') engine.slowLog.thresholdUs = Number(value);
  else if (name === 'slowlog-max-len') engine.slowLog.maxEntries = Number(value);
  else if (name === 'client-output-buffer-limit') engine.outputLimits = parseOutputLimits(value);
  else if (name === 'acllog-max-len') engine.acl.log.maxEntries = Number(value);
  else if (name === 'busy-reply-threshold') engine.scripts.busyAfterMs = Number(value);
}
