/** A stage process of the fleet bench: `watermark` that waits 200 ms instead of computing, and passes its known answer. */
import { stageDefinition } from '../../contract/stages/index.ts';
import { serveStages } from '../../node-agent/runtime/serve-stages.ts';

serveStages(async (kind) => ({
  kind,
  engine: () => 'a wait of 200 ms',
  check: async () => ({ ...stageDefinition(kind)?.knownAnswer?.facts }),
  async run() {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return { outputs: [], summary: { width: 1, height: 1, frames: 1, logoBox: [0, 0, 1, 1], format: 'bmp' } };
  },
}));
