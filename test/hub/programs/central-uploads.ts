/** Accepts uploads to a central store for ever and tells each stored name, until it is killed. Argument: the data folder. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { systemClock } from '../../../common/clock.ts';
import { silentLogger } from '../../../common/log.ts';
import { createBlobStore } from '../../../main/hub/blobs/blob-store.ts';
import { openCatalog } from '../../../main/hub/catalog/database.ts';
import { createCentralStore } from '../../../main/hub/central-store/central-store.ts';

const dataDir = process.argv[2] ?? '';
const blobs = await createBlobStore({ dir: join(dataDir, 'blobs'), logger: silentLogger });
const catalog = openCatalog(join(dataDir, 'catalog.sqlite'));
const store = createCentralStore({ catalog, blobs, dataDir, clock: systemClock, logger: silentLogger });
await store.repair();

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
const keepUploading = async (worker: string): Promise<void> => {
  while (true) {
    const { sha256, sizeBytes } = await blobs.put(once(randomBytes(2_000)), { maxBytes: 1e9 });
    const { storedAs } = await store.accept({
      fileName: 'watermarked_photo.jpg',
      workerName: worker,
      sha256,
      sizeBytes,
      mediaType: 'image/jpeg',
      idempotencyKey: null,
    });
    process.stdout.write(`${storedAs}\n`);
  }
};
await Promise.all(['w1', 'w2', 'w3', 'w4'].map(keepUploading));
