/** Waiting that ends at once when somebody says so. */

/** Resolves after `ms`; rejects with the signal's reason when it fires first. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Pause before try `n` (from 1) of something that was not there: doubling from 0.25 s to 2 s, with some chance in it. */
export function retryPauseMs(n: number): number {
  return Math.min(2_000, 250 * 2 ** (n - 1)) * (0.75 + Math.random() / 2);
}
