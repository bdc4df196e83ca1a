/**
 * Which machines get no work of which kind, because they missed its known answer, and when each is checked again. Judges reports;
 * what becomes of the work that lies at a benched machine is for others. Changes run inside a transaction.
 */
import type { Clock } from '../../../common/clock.ts';
import { errorRow, type Failure } from '../../../contract/errors.ts';
import { type CheckReport, isRightAnswer, type KnownAnswer } from '../../../contract/stage.ts';
import { stageDefinition } from '../../../contract/stages/index.ts';
import { type BenchRow, deleteBench, listBenches, saveBench } from '../catalog/benches.ts';
import type { Catalog } from '../catalog/database.ts';

/** A machine that passed is checked again after so long: memory and disks go bad, libraries are replaced. */
const routineMs = 6 * 3_600_000;
/** One that missed is checked again after this, then after twice as long, up to an hour. */
const firstRecheckMs = 60_000;
const longestRecheckMs = 3_600_000;
/** A check that was asked for and not answered is asked for again. */
const answerMs = 60_000;

/** `unknown`: the kind has no known answer. */
export type Judgement = 'right' | 'wrong' | 'unknown';

export interface Bench extends BenchRow {
  /** Wall-clock ms. */
  readonly nextCheckMs: number;
}

export interface Benches {
  isBenched(nodeId: string, kind: string): boolean;
  ofNode(nodeId: string): Bench[];
  /** Benches the machine for the kind, or takes it off the bench. Must run inside a transaction. */
  judge(nodeId: string, kind: string, report: CheckReport): Judgement;
  /** Kinds that the machine shall check now; asked for again when no answer comes. */
  due(nodeId: string, kinds: readonly string[]): string[];
  /** The owner wants the machine to try again; it is checked at once. Must run inside a transaction. */
  forgive(nodeId: string, kind: string): void;
  /** Takes over what the catalog says. */
  load(): void;
}

const keyOf = (nodeId: string, kind: string): string => `${nodeId} ${kind}`;
const recheckMs = (checks: number): number => Math.min(firstRecheckMs * 2 ** (checks - 1), longestRecheckMs);

/** What was wrong, for people. */
function missed(kind: string, known: KnownAnswer, { facts, error }: CheckReport): Failure {
  if (error) return { ...error, stageKind: kind };
  const wrong = Object.entries(known.facts).filter(([name, wanted]) => {
    const got = facts?.[name];
    return got === undefined || Math.abs(got - wanted) > known.tolerance;
  });
  const told = wrong.map(([name, wanted]) => `${name} is ${facts?.[name] ?? 'missing'} instead of ${wanted}`);
  return {
    code: 'stage_invalid_output',
    message: `${errorRow('stage_invalid_output').title}: ${told.join(', ')}.`.slice(0, 2_000),
    stageKind: kind,
  };
}

/** Whether a report of a kind's check is its known answer. */
export function judgementOf(kind: string, report: CheckReport): Judgement {
  const known = stageDefinition(kind)?.knownAnswer;
  if (!known) return 'unknown';
  return isRightAnswer(known, report) ? 'right' : 'wrong';
}

/** @param steadyMs the hub's steady time, see context */
export function createBenches(catalog: Catalog, clock: Clock, steadyMs: () => number): Benches {
  const benched = new Map<string, BenchRow>();
  const dueMs = new Map<string, number>();

  const unbench = (nodeId: string, kind: string): void => {
    if (!benched.has(keyOf(nodeId, kind))) return;
    deleteBench(catalog, nodeId, kind);
    benched.delete(keyOf(nodeId, kind));
  };
  return {
    isBenched: (nodeId, kind) => benched.has(keyOf(nodeId, kind)),
    ofNode: (nodeId) =>
      [...benched.values()]
        .filter((bench) => bench.nodeId === nodeId)
        .map((bench) => {
          const waitMs = (dueMs.get(keyOf(nodeId, bench.kind)) ?? 0) - steadyMs();
          return { ...bench, nextCheckMs: clock.wallMs() + Math.max(0, waitMs) };
        }),
    judge(nodeId, kind, report) {
      const known = stageDefinition(kind)?.knownAnswer;
      if (!known) return 'unknown';
      const key = keyOf(nodeId, kind);
      if (isRightAnswer(known, report)) {
        unbench(nodeId, kind);
        dueMs.set(key, steadyMs() + routineMs);
        return 'right';
      }
      const before = benched.get(key);
      const nowMs = clock.wallMs();
      const checks = (before?.checks ?? 0) + 1;
      const bench = {
        nodeId,
        kind,
        sinceMs: before?.sinceMs ?? nowMs,
        checkedMs: nowMs,
        checks,
        error: missed(kind, known, report),
      };
      saveBench(catalog, bench);
      benched.set(key, bench);
      dueMs.set(key, steadyMs() + recheckMs(checks));
      return 'wrong';
    },
    due(nodeId, kinds) {
      const nowMs = steadyMs();
      const due = kinds.filter((kind) => (dueMs.get(keyOf(nodeId, kind)) ?? Number.POSITIVE_INFINITY) <= nowMs);
      for (const kind of due) dueMs.set(keyOf(nodeId, kind), nowMs + answerMs);
      return due;
    },
    forgive(nodeId, kind) {
      unbench(nodeId, kind);
      dueMs.set(keyOf(nodeId, kind), steadyMs());
    },
    load() {
      benched.clear();
      for (const bench of listBenches(catalog)) {
        const key = keyOf(bench.nodeId, bench.kind);
        benched.set(key, bench);
        // Its time ran while the hub was away, too; by a clock that may have been set since.
        if (!dueMs.has(key)) dueMs.set(key, steadyMs());
      }
    },
  };
}
