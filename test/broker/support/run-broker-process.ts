/** A broker as a process of its own, to be killed: `node run-broker-process.ts DIR FSYNC`; prints its port, or says why it does not start. */
import { silentLogger } from '../../../common/log.ts';
import { startBroker } from '../../../main/broker/start-broker.ts';

const [, , dir = '', sync = 'everysec'] = process.argv;
const appendfsync = sync === 'always' || sync === 'no' ? sync : 'everysec';
const broker = await startBroker({ dir, appendfsync, inThread: false, logger: silentLogger });
process.stdout.write(`${JSON.stringify({ port: broker.port })}\n`);
