/** The hub's own node reads the hub's blobs where they lie: no copy of its own, no transfer. */
import { statSync } from 'node:fs';
import { blobFile } from '../../common/blob-layout.ts';
import type { BlobCache } from './blob-cache.ts';

/**
 * The cache, with the hub's folder before it. The hub keeps what open attempts need, so nothing has to be held; what is not there
 * in full is fetched as by any other node.
 */
export function readingInPlace(cache: BlobCache, hubBlobDir: string): BlobCache {
  return {
    ...cache,
    async get(blob, signal) {
      const path = blobFile(hubBlobDir, blob.sha256);
      if (statSync(path, { throwIfNoEntry: false })?.size !== blob.sizeBytes) return await cache.get(blob, signal);
      return { ...blob, path, release: () => {} };
    },
  };
}
