/** Many real node-agents in one process, for the fleet bench: `fleet-nodes.ts DIR HUB TOKEN COUNT`. Says `ready` when all pull. */
import { join } from 'node:path';
import { silentLogger } from '../../common/log.ts';
import { startAgent } from '../../node-agent/start-agent.ts';

const [dir = '', hubUrl = '', token = '', count = '1'] = process.argv.slice(2);
let ready = 0;
for (let at = 0; at < Number(count); at++) {
  const name = `simulated-${at}`;
  await startAgent(
    {
      dataDir: join(dir, name),
      name,
      hubUrl,
      token,
      queues: ['watermark'],
      concurrency: { all: 1, byQueue: {} },
      discover: false,
      asksToJoin: false,
      hubBlobDir: null,
    },
    {
      logger: silentLogger,
      version: '0.0.0',
      onEvent: ({ event }) => {
        if (event === 'ready' && ++ready === Number(count)) process.send?.('ready');
      },
      stages: { kinds: ['watermark'], entryPath: join(import.meta.dirname, 'fleet-stage.ts') },
    },
  );
}
