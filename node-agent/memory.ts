/** How this process counts the bytes that pass through it. */
import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8 judge buffers by the whole heap's limit. By default a few megabytes of them bring on a full collection, which cost a
 * fifth of the agent's processor time when it moved pictures of 12 megapixels (see docs/BENCHMARKS.md); the price is up to about
 * 100 MB more memory while it moves them. To be called before anything else.
 */
export function countBuffersWithTheHeap(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit');
}
