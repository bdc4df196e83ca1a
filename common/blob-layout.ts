/** Where blobs lie: the hub's store and the nodes' caches share one layout, so that a hub and its own node can use each other's files. */
import { join } from 'node:path';

/** `DIR/ab/<sha256>`: one level of 256 folders, so that a million blobs are 4 000 entries each. */
export const blobFile = (dir: string, sha256: string): string => join(dir, sha256.slice(0, 2), sha256);

/** A node's cache below its data folder. */
export const cacheFolder = (nodeDataDir: string): string => join(nodeDataDir, 'cache');
