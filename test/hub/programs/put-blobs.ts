/** Stores random blobs for ever and tells each digest when it is stored, until it is killed. Argument: the store's folder. */
import { randomBytes } from 'node:crypto';
import { silentLogger } from '../../../common/log.ts';
import { createBlobStore } from '../../../main/hub/blobs/blob-store.ts';

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
const blobs = await createBlobStore({ dir: process.argv[2] ?? '', logger: silentLogger });
const keepPutting = async (): Promise<void> => {
  while (true) {
    const bytes = randomBytes(100_000 + Math.floor(Math.random() * 2_000_000));
    const { sha256 } = await blobs.put(pieces(bytes), { maxBytes: 1e9 });
    process.stdout.write(`${sha256}\n`);
  }
};
await Promise.all([keepPutting(), keepPutting(), keepPutting()]);
