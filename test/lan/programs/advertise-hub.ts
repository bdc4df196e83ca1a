/** A hub's discovery alone, as a process: advertises what the argument says, prints `ready`, ends in order on SIGTERM. */
import { createLogger } from '../../../common/log.ts';
import { advertise } from '../../../main/hub/nodes/discovery.ts';

const logger = createLogger('debug', (line) => process.stderr.write(line));
const [hubId = '', pin = '', name = '', port = ''] = process.argv.slice(2);
const advertisement = advertise({ hubId, pin, name, port: Number(port) }, logger);
process.on('SIGTERM', () => void advertisement.stop().then(() => process.exit(0)));
process.stdout.write('ready\n');
