/** Composes what moves work: events, planner, machines, and the way to the broker. Part of the composition root. */
import type { Clock } from '../../common/clock.ts';
import type { Logger } from '../../common/log.ts';
import type { HubEvent } from '../../contract/hub-events.ts';
import { stageDefinitions } from '../../contract/stages/index.ts';
import type { Api } from './api/parts.ts';
import type { Doors } from './doors.ts';
import { createEventLog } from './events.ts';
import { createJobWaiters } from './job-waiters.ts';
import { createNodeRegistry } from './nodes/node-registry.ts';
import type { Closers, Storage } from './open-storage.ts';
import { createPlanner } from './planner/planner.ts';
import type { HubBroker } from './queue/hub-broker.ts';
import { createNodeQueues } from './queue/node-queues.ts';
import { createOutboxPump } from './queue/outbox-pump.ts';

const stageQueues = [...new Set(stageDefinitions.map((definition) => definition.queue))];

/** Nothing of it runs before `start` of planner and registry. */
export function composeWork(
  parts: {
    storage: Storage;
    clock: Clock;
    broker: HubBroker;
    doors: () => Doors;
    api: () => Api;
    settings: () => { hubName: string; centralServerUrl: string | null; paused: boolean };
    logger: Logger;
  },
  closers: Closers,
) {
  const { storage, clock, broker, logger } = parts;
  const { catalog } = storage;
  const events = createEventLog(Math.floor(clock.wallMs() / 1_000) * 1_000);
  const waiters = createJobWaiters();
  const emit = (event: HubEvent): void => {
    events.emit(event);
    waiters.observe(event);
  };
  const queues = createNodeQueues(broker.connection, broker.prefix, logger);
  closers.push(() => queues.close());
  const pump = createOutboxPump({
    catalog,
    queues,
    logger,
    isOpen: (id) => planner.open.attempt(id) !== undefined,
  });
  closers.push(() => pump.stop());
  const planner = createPlanner({
    catalog,
    clock,
    logger,
    nodes: () => registry.views(),
    settings: parts.settings,
    allPaused: () => parts.settings().paused,
    emit,
    send: pump.send,
    withdraw: (attempts) => {
      for (const attempt of attempts)
        queues
          .remove(attempt)
          .catch((error: unknown) => logger.debug({ error, ...attempt }, 'a placement could not be taken back'));
    },
    brokerReachable: queues.reachable,
  });
  const registry = createNodeRegistry({
    catalog,
    clock,
    logger,
    events: { emit },
    leases: planner.leases,
    checks: planner.checks,
    broker: {
      access: (node) => broker.access(node, parts.doors().brokerPort()),
      admit: broker.admit,
      expel: async (nodeId) => {
        await broker.expel(nodeId);
        await queues.obliterate(nodeId, stageQueues);
      },
    },
    hubId: storage.hubId,
    pin: storage.identity.pin,
    hubName: () => parts.settings().hubName,
    addresses: () => parts.doors().addresses(),
    dropConnections: (nodeId) => {
      parts.api().dropHolder(nodeId);
      parts.doors().dropNode(nodeId);
    },
    changed: () => planner.touch(),
  });
  return { events, emit, waiters, queues, pump, planner, registry };
}
export type Work = ReturnType<typeof composeWork>;
