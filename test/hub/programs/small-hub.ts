/** A process that does nothing but keep a node of its own: for tests that kill it. */
import { silentLogger } from '../../../common/log.ts';
import { startLocalNode } from '../../../main/hub/nodes/local-node.ts';

const [dataDir = '', token = ''] = process.argv.slice(2);
startLocalNode({
  command: [process.execPath, new URL('./small-agent.ts', import.meta.url).pathname],
  dataDir,
  blobDir: dataDir,
  hubUrl: 'http://127.0.0.1:1',
  name: 'desk',
  createToken: async () => token,
  logger: silentLogger,
});
