/**
 * A broker as a process of its own, to be fuzzed: `node --expose-gc target.ts`. Prints its ports; for each line on stdin it collects
 * garbage and prints its memory. Its user `fuzz` (password `fuzz`) may do everything on `fuzz:*` but administer.
 */
import { createInterface } from 'node:readline';
import { createIdentity } from '../../../common/identity.ts';
import { silentLogger } from '../../../common/log.ts';
import { startBroker } from '../../../main/broker/start-broker.ts';

const { keyPem, certificatePem } = await createIdentity('broker');
const broker = await startBroker({
  requirepass: 'good',
  tls: { key: keyPem, cert: certificatePem, host: '127.0.0.1' },
  inThread: false,
  logger: silentLogger,
});
await broker.setUser(
  'fuzz',
  ['on', '>fuzz', '~fuzz:*', '&*', '+@all', '-@admin', '-@dangerous', '-script|flush', '-client|reply'],
  1000,
);

const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
createInterface({ input: process.stdin })
  .on('line', () => {
    globalThis.gc?.();
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    print({ rss, heapUsed, external, arrayBuffers });
  })
  .on('close', () => process.exit(0));
print({ port: broker.port, tlsPort: broker.tlsPort });
