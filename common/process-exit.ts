/** How a process of ours ends: first signal stops in order, second one at once; unexpected errors are logged and end it. */
import type { Logger } from './log.ts';

/**
 * Stops in order at SIGINT or SIGTERM (exit 0), at once at the second one (exit 130). An uncaught error is logged and ends the
 * process with 1, since its state is unknown then; everything durable is made for that.
 * @param stop closes what was opened; it has `limitMs` for it.
 */
export function stopOnSignals(stop: () => Promise<void>, logger: Logger, limitMs = 10_000): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(130);
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), limitMs).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ error }, 'could not stop in order');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const onFatal = (error: unknown): void => {
    logger.error({ error }, 'unexpected error');
    process.exit(1);
  };
  process.on('uncaughtException', onFatal);
  process.on('unhandledRejection', onFatal);
}
