/** One of the bench's ten worker processes: runs a BullMQ worker on the server that its parent names until told to stop. */
import { Worker } from 'bullmq';

let worker: Worker | undefined;

async function obey(message: unknown): Promise<void> {
  if (typeof message !== 'object' || message === null || !('do' in message)) return;
  if (message.do === 'close') {
    await worker?.close();
    process.send?.('closed');
  } else if ('port' in message && 'host' in message && 'queue' in message) {
    const connection = { port: Number(message.port), host: String(message.host), maxRetriesPerRequest: null };
    worker = new Worker(String(message.queue), async () => undefined, { connection, concurrency: 5 });
    await worker.waitUntilReady();
    process.send?.('ready');
  }
}

process.on('message', (message) => void obey(message));
process.on('disconnect', () => process.exit(0));
