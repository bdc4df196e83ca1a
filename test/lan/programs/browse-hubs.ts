/** A node's discovery alone, as a process: prints each answer as a line of JSON with the ms since its start. */
import { createLogger } from '../../../common/log.ts';
import { browseHubs } from '../../../node-agent/discovery.ts';

const startMs = performance.now();
browseHubs({
  logger: createLogger('debug', (line) => process.stderr.write(line)),
  maxIntervalMs: 1_000,
  onHub: (hub) => process.stdout.write(`${JSON.stringify({ ms: performance.now() - startMs, hub })}\n`),
});
