/** The brokers that a farm is tested on, by the name that tests show: flags for `millrace hub`, and what ends the broker. */
import { hasRedisServer, startRedisServer, startTlsRedisServer } from './redis-server.ts';

export interface FarmBroker {
  /** More flags of `millrace hub`. */
  readonly args: readonly string[];
  stop(): Promise<void>;
}

const embedded = async (): Promise<FarmBroker> => ({ args: [], stop: async () => undefined });

async function redis(): Promise<FarmBroker> {
  const { port, stop } = await startRedisServer();
  return { args: ['--broker', `redis://127.0.0.1:${port}`], stop };
}

async function guardedRedis(): Promise<FarmBroker> {
  const { port, authorityFile, stop } = await startTlsRedisServer(['--requirepass', 'a pass/word']);
  const url = `rediss://:${encodeURIComponent('a pass/word')}@127.0.0.1:${port}/3`;
  return { args: ['--broker', url, '--broker-ca', authorityFile, '--broker-prefix', 'studio:mr'], stop };
}

export const farmBrokers: readonly (readonly [string, () => Promise<FarmBroker>])[] = [
  ['the embedded broker', embedded],
  ...(hasRedisServer
    ? ([
        ['redis-server', redis],
        ['redis-server with password, TLS, a prefix and database 3', guardedRedis],
      ] as const)
    : []),
];
