/** The door for results: what a node says it made must be in the store, whole, before it counts. */
import { MillraceError } from '../../../contract/errors.ts';
import type { StageResult } from '../../../contract/stage.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import type { Planner } from './planner.ts';

export interface Results {
  /**
   * @returns `repeated` when the same answer was recorded before
   * @throws MillraceError blob_unavailable (send the bytes first), not_found, forbidden, attempt_closed
   */
  record(attemptId: string, node: { id: string; name: string }, result: StageResult): Promise<'recorded' | 'repeated'>;
}

export function createResults(parts: { planner: Pick<Planner, 'record'>; blobs: Pick<BlobStore, 'size'> }): Results {
  return {
    async record(attemptId, node, result) {
      const outputs = result.outcome === 'done' ? result.outputs : [];
      const sizes = await Promise.all(outputs.map((output) => parts.blobs.size(output.sha256)));
      const missing = outputs.find((output, index) => sizes[index] !== output.sizeBytes);
      if (missing)
        throw new MillraceError('blob_unavailable', `The bytes of the output “${missing.role}” are not in the store.`);
      return parts.planner.record(attemptId, node, result);
    },
  };
}
