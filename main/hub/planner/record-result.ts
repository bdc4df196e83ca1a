/** The door for results: what a node says it made must be in the store, whole, before it counts. */
import { MillraceError } from '../../../contract/errors.ts';
import type { StageOutput, StageResult } from '../../../contract/stage.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import type { Planner } from './planner.ts';

export interface Results {
  /**
   * @returns `repeated` when the same answer was recorded before
   * @throws MillraceError blob_unavailable (send the bytes first), not_found, forbidden, attempt_closed, disk_full
   */
  record(attemptId: string, node: { id: string; name: string }, result: StageResult): Promise<'recorded' | 'repeated'>;
}

export interface ResultsParts {
  readonly planner: Pick<Planner, 'record'>;
  readonly blobs: Pick<BlobStore, 'size' | 'link'>;
  /** Where the hub's own node keeps an output on this machine's disk; null for other nodes, which send their bytes. */
  readonly nearFile: (nodeId: string, sha256: string) => string | null;
}

export function createResults({ planner, blobs, nearFile }: ResultsParts): Results {
  /** What cannot be taken from there is sent instead. */
  const takeNear = async (nodeId: string, output: StageOutput): Promise<boolean> => {
    const path = nearFile(nodeId, output.sha256);
    if (path === null) return false;
    try {
      await blobs.link(path, output.sha256);
      return true;
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'disk_full') throw error;
      return false;
    }
  };
  const isStored = async (output: StageOutput): Promise<boolean> =>
    (await blobs.size(output.sha256)) === output.sizeBytes;

  return {
    async record(attemptId, node, result) {
      const outputs = result.outcome === 'done' ? result.outputs : [];
      for (const output of outputs) {
        if ((await isStored(output)) || ((await takeNear(node.id, output)) && (await isStored(output)))) continue;
        throw new MillraceError('blob_unavailable', `The bytes of the output “${output.role}” are not in the store.`);
      }
      return planner.record(attemptId, node, result);
    },
  };
}
