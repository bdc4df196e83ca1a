/** Tells the hub every 3 s, or sooner when something changed, that this node is there and what it holds; passes on what the hub says. */
import type { Clock } from '../common/clock.ts';
import type { Logger } from '../common/log.ts';
import { MillraceError } from '../contract/errors.ts';
import { type Heartbeat, heartbeatIntervalMs, heartbeatMinIntervalMs } from '../contract/node.ts';
import type { HubClient } from './hub-client.ts';

export interface HeartbeatParts {
  readonly hub: Pick<HubClient, 'heartbeat'>;
  /** What is to be said now. */
  readonly beat: () => Promise<Heartbeat>;
  /** The hub does not want these any more. */
  readonly drop: (attemptIds: readonly string[]) => void;
  /** The hub wants these kinds checked. */
  readonly check: (kinds: readonly string[]) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface HeartbeatLoop {
  /** Something is new: the next beat comes soon. */
  changed(): void;
  /**
   * Beats until the hub wants a hello (`hello`) or does not answer twice (`away`).
   * @throws MillraceError node_unknown; the signal's reason
   */
  run(nodeId: string, signal: AbortSignal): Promise<'hello' | 'away'>;
}

/** After a beat that failed, ms. */
const retryMs = 500;
const maxFailures = 2;

export function createHeartbeat({ hub, beat, drop, check, clock, logger }: HeartbeatParts): HeartbeatLoop {
  let dirty = false;
  let wake = (): void => {};

  /** Until the next beat is due; sooner when something changes meanwhile. */
  const due = (lastMs: number, waitMs: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      let timer: NodeJS.Timeout | undefined;
      const finish = (): void => {
        clearTimeout(timer);
        wake = () => {};
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        clearTimeout(timer);
        wake = () => {};
        reject(signal.reason);
      };
      const set = (ms: number): void => {
        clearTimeout(timer);
        timer = setTimeout(finish, Math.max(0, lastMs + ms - clock.monotonicMs()));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      wake = () => set(Math.min(waitMs, heartbeatMinIntervalMs));
      set(waitMs);
      if (dirty) wake();
    });

  return {
    changed() {
      if (dirty) return;
      dirty = true;
      wake();
    },
    async run(nodeId, signal) {
      let lastMs = Number.NEGATIVE_INFINITY;
      for (let failures = 0; ; ) {
        await due(lastMs, failures > 0 ? retryMs : heartbeatIntervalMs, signal);
        lastMs = clock.monotonicMs();
        dirty = false;
        try {
          const answer = await hub.heartbeat(nodeId, await beat());
          failures = 0;
          if (answer.drop.length > 0) drop(answer.drop);
          if (answer.check) check(answer.check);
          if (answer.hello) return 'hello';
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof MillraceError && error.code === 'node_unknown') throw error;
          logger.warn({ error, failures }, 'a heartbeat was not answered');
          if (++failures >= maxFailures) return 'away';
        }
      }
    },
  };
}
