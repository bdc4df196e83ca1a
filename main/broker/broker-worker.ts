/** The broker's worker thread: runs one broker and obeys start-broker. Bundlers take this file as the entry `broker-worker`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Logger } from './engine.ts';
import { type BrokerSettings, type RunningBroker, runBroker } from './run-broker.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

function isSettings(value: unknown): value is BrokerSettings {
  return typeof value === 'object' && value !== null && 'port' in value && 'host' in value && 'appendfsync' in value;
}

function post(message: FromWorker): void {
  parentPort?.postMessage(message);
}

/** Fields must survive the thread border; errors keep their message and stack. */
function portable(fields: object): object {
  return JSON.parse(
    JSON.stringify(fields, (_key, value: unknown) =>
      value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value,
    ),
  );
}

const at = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) =>
  post({ event: 'log', level, fields: portable(fields), message });

const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };

async function obey(broker: RunningBroker, message: ToWorker): Promise<void> {
  const { id } = message;
  try {
    if (message.do === 'stop') {
      post({ event: 'stopping' });
      await broker.stop();
    }
    if (message.do === 'set-user') broker.setUser(message.name, message.rules, message.scriptLimitMs);
    const value = message.do === 'delete-user' ? broker.deleteUser(message.name) : 0;
    post({ event: 'done', id, value });
    if (message.do === 'stop') parentPort?.close();
  } catch (error) {
    post({ event: 'done', id, value: 0, error: textOf(error) });
  }
}

function textOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error === 'object' && error !== null && 'error' in error) return String(error.error);
  return String(error);
}

async function main(): Promise<void> {
  if (!isSettings(workerData)) throw new Error('the broker worker was started without settings');
  const broker = await runBroker(workerData, logger);
  parentPort?.on('message', (message: ToWorker) => void obey(broker, message));
  void broker.shutdown.then(() => {
    post({ event: 'shutdown' });
    parentPort?.close();
  });
  post({ event: 'ready', port: broker.port, tlsPort: broker.tlsPort });
}

main().catch((error: unknown) => {
  post({ event: 'failed', message: textOf(error) });
  parentPort?.close();
});
