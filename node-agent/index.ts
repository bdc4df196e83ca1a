/** Entry of the agent that a hub starts on its own machine: configuration over stdin, logs on stderr, ends with its parent. */

import { z } from 'zod';
import { createLogger } from '../common/log.ts';
import { stopOnSignals } from '../common/process-exit.ts';
import { ownNodeConfig } from './config.ts';
import { openParentPipe } from './parent-pipe.ts';
import { startAgent } from './start-agent.ts';
import { packageVersion } from './version.ts';

const level = z.enum(['debug', 'info', 'warn', 'error']).catch('info').parse(process.env['MILLRACE_LOG_LEVEL']);
const logger = createLogger(level, (line) => void process.stderr.write(line), { part: 'node' });
const parent = await openParentPipe(process.stdin);
const agent = await startAgent(ownNodeConfig(parent.config, process.env), {
  logger,
  version: packageVersion(import.meta.url),
  onEvent: (event) => logger.info(event, event.event),
});
stopOnSignals(() => agent.stop(), logger);
// Without its hub there is nothing to wait for.
void parent.gone.then(async () => {
  await agent.stop(0);
  process.exit(0);
});
