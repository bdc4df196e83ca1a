/** Which blobs somebody brought, asked for or reckons with just now: what they refer to next must not go away meanwhile. */
import type { BlobStore } from './blob-store.ts';

export interface TouchedBlobs {
  has(sha256: string): boolean;
  /** Forgets those that were not touched since the last call but one; to be called about once an hour. */
  rotate(): void;
  /** The same store, every touch of it noted. */
  watch(store: BlobStore): BlobStore;
}

export function createTouchedBlobs(): TouchedBlobs {
  let now = new Set<string>();
  let before = new Set<string>();
  const touch = (sha256: string): string => {
    now.add(sha256);
    return sha256;
  };
  return {
    has: (sha256) => now.has(sha256) || before.has(sha256),
    rotate() {
      before = now;
      now = new Set();
    },
    watch: (store) => ({
      ...store,
      async put(bytes, limits) {
        const stored = await store.put(bytes, limits);
        touch(stored.sha256);
        return stored;
      },
      async adopt(path, limits) {
        const stored = await store.adopt(path, limits);
        touch(stored.sha256);
        return stored;
      },
      append: (sha256, ...rest) => store.append(touch(sha256), ...rest),
      link: (path, sha256) => store.link(path, touch(sha256)),
      uploadOffset: (sha256) => store.uploadOffset(touch(sha256)),
      size: (sha256) => store.size(touch(sha256)),
    }),
  };
}
