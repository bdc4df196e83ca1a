/** The way of known-answer checks: reports of machines come in, questions go out with their heartbeats, the owner may forgive. */
import type { Capability, Heartbeat } from '../../../contract/node.ts';
import type { Bench } from './benches.ts';
import { judgeCheck, type Planning } from './end-attempt.ts';

export interface Checks {
  /** What a machine says of itself when it comes: the checks of its start. */
  hello(nodeId: string, capability: Capability): Promise<void>;
  /** Answers to what was asked. */
  reported(nodeId: string, reports: NonNullable<Heartbeat['checks']>): void;
  /** Kinds that the machine shall check now. */
  due(nodeId: string, capability: Capability): string[];
  benchesOf(nodeId: string): Bench[];
  /** @param kind one, or all that it is benched for */
  unbench(nodeId: string, kind: string | undefined): Promise<void>;
}

export function createChecks(planning: Planning): Checks {
  const { catalog, benches, logger } = planning.context;
  const judge = (nodeId: string, reports: NonNullable<Heartbeat['checks']>): Promise<void> =>
    catalog.commit(() => {
      for (const { kind, ...report } of reports) judgeCheck(planning, nodeId, kind, report);
    });
  return {
    async hello(nodeId, capability) {
      const reports = capability.kinds.flatMap(({ kind, check }) => (check ? [{ kind, ...check }] : []));
      if (reports.length > 0) await judge(nodeId, reports);
    },
    reported(nodeId, reports) {
      if (reports.length === 0) return;
      judge(nodeId, reports).catch((error: unknown) => {
        logger.warn({ error, nodeId }, 'a check could not be written; it is asked for again');
      });
    },
    due: (nodeId, capability) =>
      benches.due(
        nodeId,
        capability.kinds.map((can) => can.kind),
      ),
    benchesOf: benches.ofNode,
    async unbench(nodeId, kind) {
      await catalog.commit(() => {
        for (const bench of benches.ofNode(nodeId)) {
          if (kind === undefined || bench.kind === kind) benches.forgive(nodeId, bench.kind);
        }
      });
    },
  };
}
