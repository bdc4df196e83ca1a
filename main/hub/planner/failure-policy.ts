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
  /** Machines that went down while they worked on it, this one included, in order. */
  readonly lostNodes: readonly string[];
  /** All machines that could run it, connected or not. */
  readonly knownNodes: readonly string[];
}

export type Verdict =
  | { readonly next: 'retry'; readonly delayMs: number; readonly patience: number }
  | { readonly next: 'end'; readonly jobState: 'failed' | 'quarantined' };

const nodesBeforeBlame = 3;
const triesBeforeBlame = 2;
const lossesBeforeBlame = 3;
/** A full disk is looked at again after this, ms. */
const fullDiskDelayMs = 10_000;

/** Whether enough different machines failed: three, or all that there are with at least two tries. */
function fileIsToBlame(history: FailureHistory): boolean {
  const blamed = new Set(history.blamedNodes);
  if (blamed.size >= nodesBeforeBlame) return true;
  return history.blamedNodes.length >= triesBeforeBlame && history.ableNodes.every((node) => blamed.has(node));
}

/**
 * Whether machines go down with this stage: three different ones, or three times all that there are. Others work beside a stage and
 * are lost with it, so one that was lost twice is placed alone ({@link mustRunAlone}), and the third time nobody else was there.
 */
function machinesGoDown({ lostNodes, knownNodes }: FailureHistory): boolean {
  const lost = new Set(lostNodes);
  if (lost.size >= nodesBeforeBlame) return true;
  return lostNodes.length >= lossesBeforeBlame && knownNodes.every((node) => lost.has(node));
}

/** Whether the stage gets a machine for itself, so that a further loss is clearly its own. */
export const mustRunAlone = (lostNodes: readonly string[]): boolean => lostNodes.length >= lossesBeforeBlame - 1;

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
      // A machine that is lost once or twice says nothing about the stage: elsewhere at once.
      if (failure.code === 'lost')
        return machinesGoDown(history)
          ? { next: 'end', jobState: 'quarantined' }
          : { next: 'retry', delayMs: 0, patience: history.patience };
      // Nobody's fault, and no reason to give up: there is room again some day, or on another machine.
      if (failure.code === 'node_disk_full')
        return { next: 'retry', delayMs: fullDiskDelayMs, patience: history.patience };
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
