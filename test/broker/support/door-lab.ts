/** Brokers and bare clients of a test, ended after it. */
import { afterEach } from 'vitest';
import { silentLogger } from '../../../common/log.ts';
import { type Broker, type BrokerOptions, startBroker } from '../../../main/broker/start-broker.ts';
import { RawClient } from './raw-client.ts';

export interface DoorLab {
  /** What a test opens besides; called newest first. */
  readonly cleanups: (() => Promise<unknown>)[];
  /** A broker in a thread of its own. */
  start(options?: Partial<BrokerOptions>): Promise<Broker>;
  raw(port: number): Promise<RawClient>;
}

/** To be called once a test file. */
export function openDoorLab(): DoorLab {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  return {
    cleanups,
    async start(options = {}) {
      const broker = await startBroker({ inThread: true, logger: silentLogger, ...options });
      cleanups.push(() => broker.stop());
      return broker;
    },
    async raw(port) {
      const client = await RawClient.open(port);
      cleanups.push(async () => client.close());
      return client;
    },
  };
}
