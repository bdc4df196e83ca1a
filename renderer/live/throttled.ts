/** Doing something now and then, however often it is asked for. */

/**
 * Runs `act` soon, then at most every `everyMs` and never twice at once; a wish during a run is met by one more run, so that the last
 * wish is never lost. Errors of `act` are its own affair.
 */
export function throttled(everyMs: number, act: () => Promise<unknown>): () => void {
  let state: 'resting' | 'planned' | 'running' | 'wanted' = 'resting';
  let lastMs = Number.NEGATIVE_INFINITY;

  const plan = () => {
    state = 'planned';
    setTimeout(run, Math.max(0, lastMs + everyMs - performance.now()));
  };
  const run = () => {
    state = 'running';
    lastMs = performance.now();
    const over = () => {
      if (state === 'wanted') plan();
      else state = 'resting';
    };
    act().then(over, over);
  };
  return () => {
    if (state === 'resting') plan();
    else if (state === 'running') state = 'wanted';
  };
}
