/** Which bytes a node may touch: the inputs of its own open attempts; and it may send outputs while it has any. */
import type { NodeBlobs } from '../api/parts.ts';
import type { OpenWork } from './open-work.ts';

export function createNodeBlobs(open: OpenWork): NodeBlobs {
  return {
    mayReadBlob: (nodeId, sha256) =>
      open.attemptsOfNode(nodeId).some((attempt) => attempt.stage.inputs.some((input) => input.sha256 === sha256)),
    mayWriteBlob: (nodeId) => open.attemptsOfNode(nodeId).length > 0,
  };
}
