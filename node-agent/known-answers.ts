/** Runs the known-answer checks of stages on this machine, and keeps what came of those that the hub asked for until it is told. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../common/log.ts';
import { failureOf } from '../contract/errors.ts';
import type { Heartbeat } from '../contract/node.ts';
import type { CheckReport } from '../contract/stage.ts';
import { stageDefinition } from '../contract/stages/index.ts';
import type { Isolate } from './runtime/isolate.ts';

export interface KnownAnswers {
  /** Checks a kind; asked while a check of it runs, the same one answers. Undefined for kinds without a known answer. */
  check(kind: string): Promise<CheckReport | undefined>;
  /** The hub wants these checked: the reports go with the next heartbeats. */
  ask(kinds: readonly string[]): void;
  /** Reports for the hub, each once. */
  take(): NonNullable<Heartbeat['checks']>;
}

export interface KnownAnswersParts {
  readonly isolate: Pick<Isolate, 'check'>;
  readonly scratchDir: string;
  /** There is a report to be told. */
  readonly changed: () => void;
  readonly logger: Logger;
}

export function createKnownAnswers({ isolate, scratchDir, changed, logger }: KnownAnswersParts): KnownAnswers {
  const running = new Map<string, Promise<CheckReport>>();
  let reports: NonNullable<Heartbeat['checks']> = [];

  const run = async (kind: string): Promise<CheckReport> => {
    const folder = join(scratchDir, `check-${randomUUID()}`);
    try {
      await mkdir(folder, { recursive: true });
      return { facts: await isolate.check(kind, folder), error: null };
    } catch (error) {
      logger.warn({ error, kind }, 'a known-answer check failed');
      return { facts: null, error: failureOf(error, 'stage_failed') };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  const check = async (kind: string): Promise<CheckReport | undefined> => {
    if (!stageDefinition(kind)?.knownAnswer) return undefined;
    const shared = running.get(kind) ?? run(kind).finally(() => running.delete(kind));
    running.set(kind, shared);
    return await shared;
  };
  return {
    check,
    ask(kinds) {
      for (const kind of kinds) {
        void check(kind).then((report) => {
          if (!report) return;
          reports.push({ kind, ...report });
          changed();
        });
      }
    },
    take() {
      const told = reports;
      reports = [];
      return told;
    },
  };
}
