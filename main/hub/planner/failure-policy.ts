/** What follows a failure, pure: another try now or later, or the end, and who is to blame (DESIGN §3 "Failing"). */
import { errorRow, type Failure } from '../../../contract/errors.ts';
import type { RetryPolicy } from '../../../contract/stage.ts';

/** What the policy may know of a stage's earlier tries, since the user last asked for a retry. */
export interface FailureHistory {
  /** Failures of classes transport and target before this one. */
  readonly patience: number;
  /** Machines of every try that ended as crash or error, this one included, in order; a machine may be there twice. */
  readonly blamedNodes: readonly string[];
  /** Machines that are online and could run it at all. */
  readonly ableNodes: readonly string[];
  /** Machines that were too small for it, this one included. */
  readonly unfitNodes: readonly string[];
}

export type Verdict =
  | { readonly next: 'retry'; readonly delayMs: number; readonly patience: number }
  | { readonly next: 'end'; readonly jobState: 'failed' | 'quarantined' };

const nodesBeforeBlame = 3;
const triesBeforeBlame = 2;

/** Whether enough different machines failed: three, or all that there are with at least two tries. */
function fileIsToBlame(history: FailureHistory): boolean {
  const blamed = new Set(history.blamedNodes);
  if (blamed.size >= nodesBeforeBlame) return true;
  return history.blamedNodes.length >= triesBeforeBlame && history.ableNodes.every((node) => blamed.has(node));
}

/** Decides after one failed try of a stage. */
export function afterFailure(failure: Failure, history: FailureHistory, policy: RetryPolicy): Verdict {
  const failureClass = errorRow(failure.code).class;
  switch (failureClass) {
    case 'input':
      return { next: 'end', jobState: 'quarantined' };
    case 'resource':
      return history.ableNodes.every((node) => history.unfitNodes.includes(node))
        ? { next: 'end', jobState: 'failed' }
        : { next: 'retry', delayMs: 0, patience: history.patience };
    case 'transport':
    case 'target': {
      // A lost machine says nothing about the stage: elsewhere at once, and never the end.
      if (failure.code === 'lost') return { next: 'retry', delayMs: 0, patience: history.patience };
      const retry = history.patience + 1;
      if (retry > policy.maxRetries) return { next: 'end', jobState: 'failed' };
      return { next: 'retry', delayMs: policy.backoffMs(retry), patience: retry };
    }
    case 'crash':
    case 'error':
      return fileIsToBlame(history)
        ? { next: 'end', jobState: 'quarantined' }
        : { next: 'retry', delayMs: 0, patience: history.patience };
    case 'request':
      return { next: 'end', jobState: 'failed' };
  }
}
