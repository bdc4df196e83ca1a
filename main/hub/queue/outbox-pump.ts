/** Carries placements from the catalog's outbox to the broker, in order, once they are on disk. The broker being away only delays them. */
import type { Logger } from '../../../common/log.ts';
import { deleteOutbox, deleteStaleOutbox, outboxRows } from '../catalog/attempts.ts';
import type { Catalog } from '../catalog/database.ts';
import type { NodeQueues } from './node-queues.ts';

const rowsAtOnce = 200;

export interface OutboxPump {
  /** There may be new rows. Cheap to call often; one pump runs at a time. */
  pump(): void;
  stop(): Promise<void>;
}

export function createOutboxPump(parts: { catalog: Catalog; queues: NodeQueues; logger: Logger }): OutboxPump {
  const { catalog, queues, logger } = parts;
  /** Sent, and not yet deleted. */
  const sentIds: number[] = [];
  let afterId = 0;
  let again = false;
  let stopped = false;
  let running: Promise<void> | undefined;

  /** Sends everything that lies in the outbox. Rows go only after the broker has them; sent twice they are one job. */
  const drain = async (): Promise<void> => {
    const sent: number[] = [];
    while (!stopped) {
      const rows = outboxRows(catalog, afterId, rowsAtOnce);
      if (rows.length === 0) break;
      await queues.add(rows);
      afterId = rows.at(-1)?.id ?? afterId;
      sent.push(...rows.map((row) => row.id));
    }
    if (sent.length === 0 || stopped) return;
    sentIds.push(...sent);
    if (sentIds.length > sent.length) return;
    // Rows that are sent again after a crash are the same jobs, so their going may wait for company.
    catalog
      .commitLater(() => {
        deleteOutbox(catalog, sentIds.splice(0));
        deleteStaleOutbox(catalog);
      })
      .catch((error: unknown) => logger.warn({ error }, 'sent placements stay in the outbox; they are sent again'));
  };
  const run = async (): Promise<void> => {
    while (again && !stopped) {
      again = false;
      await drain();
    }
  };

  return {
    pump() {
      again = true;
      if (running || stopped) return;
      running = run()
        .catch((error: unknown) => {
          logger.warn({ error }, 'placements could not be handed to the broker; they are sent when it is back');
        })
        .finally(() => {
          running = undefined;
        });
    },
    async stop() {
      stopped = true;
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
    },
  };
}
