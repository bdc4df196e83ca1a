/** Carries placements to the broker, in order, once they are on disk in the catalog's outbox. The broker being away only delays them. */
import type { Logger } from '../../../common/log.ts';
import { deleteOutbox, deleteStaleOutbox, type OutboxRow, outboxRows } from '../catalog/attempts.ts';
import type { Catalog } from '../catalog/database.ts';
import type { NodeQueues } from './node-queues.ts';

const rowsAtOnce = 200;

export interface OutboxPump {
  /** Takes over what an earlier run left, and begins. */
  start(): void;
  /** Placements that are in the outbox, on disk. Sent twice they are one job. */
  send(rows: readonly OutboxRow[]): void;
  /** Tries again what could not be sent. Cheap to call often. */
  pump(): void;
  stop(): Promise<void>;
}

export interface OutboxParts {
  readonly catalog: Catalog;
  readonly queues: NodeQueues;
  readonly logger: Logger;
  /** Whether an answer to the attempt would still count. */
  isOpen(attemptId: string): boolean;
}

export function createOutboxPump(parts: OutboxParts): OutboxPump {
  const { catalog, queues, logger } = parts;
  const waiting: OutboxRow[] = [];
  /** Sent, and still in the catalog's outbox. */
  const sent: string[] = [];
  let stopped = false;
  let running: Promise<void> | undefined;

  /** A row that is sent again after a crash is the same job, so that its going may wait for company. */
  const forget = (rows: readonly OutboxRow[]): void => {
    const isAsked = sent.length > 0;
    sent.push(...rows.map((row) => row.payload.attemptId));
    if (isAsked) return;
    catalog
      .commitLater(() => deleteOutbox(catalog, sent.splice(0)))
      .catch((error: unknown) => logger.warn({ error }, 'sent placements stay in the outbox; they are sent again'));
  };
  const drain = async (): Promise<void> => {
    while (waiting.length > 0 && !stopped) {
      const rows = waiting.slice(0, rowsAtOnce);
      await queues.add(rows.filter((row) => parts.isOpen(row.payload.attemptId)));
      waiting.splice(0, rows.length);
      if (!stopped) forget(rows);
    }
  };
  const pump = (): void => {
    if (running || stopped || waiting.length === 0) return;
    running = drain()
      .catch((error: unknown) => {
        logger.warn({ error }, 'placements could not be handed to the broker; they are sent when it is back');
      })
      .finally(() => {
        running = undefined;
      });
  };

  return {
    pump,
    start() {
      deleteStaleOutbox(catalog);
      waiting.push(...outboxRows(catalog));
      pump();
    },
    send(rows) {
      waiting.push(...rows);
      pump();
    },
    async stop() {
      stopped = true;
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
    },
  };
}
