/** Waiting for jobs to end (`GET /jobs/{id}?waitMs=…`, the old blocking endpoints): told by events, bounded by time. */

import type { HubEvent } from '../../contract/hub-events.ts';
import { finalJobStates } from '../../contract/item.ts';

export interface JobWaiters {
  /** To be told every event of the hub. */
  observe(event: HubEvent): void;
  /** Resolves when the job ends or the time is over. The caller looks at the state before and after. */
  wait(jobId: string, limitMs: number): Promise<void>;
}

export function createJobWaiters(): JobWaiters {
  const waiting = new Map<string, Set<() => void>>();
  return {
    observe(event) {
      if (event.name !== 'job.state' || !finalJobStates.includes(event.data.state)) return;
      for (const resolve of waiting.get(event.data.jobId) ?? []) resolve();
    },
    wait: (jobId, limitMs) =>
      new Promise((resolve) => {
        const listeners = waiting.get(jobId) ?? new Set<() => void>();
        waiting.set(jobId, listeners);
        const end = (): void => {
          clearTimeout(timer);
          listeners.delete(end);
          if (listeners.size === 0 && waiting.get(jobId) === listeners) waiting.delete(jobId);
          resolve();
        };
        const timer = setTimeout(end, limitMs);
        listeners.add(end);
      }),
  };
}
