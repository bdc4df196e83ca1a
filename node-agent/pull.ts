/** The one set of workers that a node has: made when the hub says where the broker is, made anew when that changes. */
import type { Identity } from '../common/identity.ts';
import type { Logger } from '../common/log.ts';
import type { BrokerAccess } from '../contract/node.ts';
import { parseHubAddress } from './hub-address.ts';
import { createWorkers, type QueueShare, type Workers } from './workers.ts';

export interface PullParts {
  readonly identity: Identity;
  readonly nodeName: string;
  readonly queues: readonly QueueShare[];
  readonly process: (order: unknown, jobId: string) => Promise<void>;
  readonly paused: () => boolean;
  readonly logger: Logger;
}

export interface Pull {
  /** Pulls from this broker from now on. @param baseUrl by which the hub is reached */
  from(access: BrokerAccess, baseUrl: string, pin: string): Promise<void>;
  /** Resolves when the broker is reached for the first time. Rejects with the signal's reason. */
  ready(signal: AbortSignal): Promise<void>;
  /** Takes what the owner allows now. */
  applyPause(): void;
  close(): Promise<void>;
}

export function createPull(parts: PullParts): Pull {
  let key = '';
  let workers: Workers | undefined;
  const close = async (): Promise<void> => {
    const before = workers;
    workers = undefined;
    key = '';
    await before?.close();
  };
  return {
    async from(access, baseUrl, pin) {
      const { host } = parseHubAddress(baseUrl);
      const wanted = JSON.stringify([access, access.tls ? host : '', pin]);
      if (wanted === key) return;
      await close();
      key = wanted;
      workers = createWorkers({ ...parts, access, hubHost: host, pin });
      workers.setPaused(parts.paused());
    },
    ready: async (signal) => await workers?.ready(signal),
    applyPause: () => workers?.setPaused(parts.paused()),
    close,
  };
}
