/**
 * The hub's composition root: builds every part in the order of what it needs, wires them, and stops them in reverse.
 * Decides nothing itself.
 */
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { blobFile, cacheFolder } from '../../common/blob-layout.ts';
import { systemClock } from '../../common/clock.ts';
import { writeFileAtomic } from '../../common/files.ts';
import type { Logger } from '../../common/log.ts';
import type { ImportOutcome } from '../../contract/shell-api.ts';
import { startBroker } from '../broker/start-broker.ts';
import type { JsonHandlers } from './api/handlers.ts';
import { brokerHandlers } from './api/operations/broker.ts';
import { hubHandlers } from './api/operations/hub.ts';
import { batchView } from './api/operations/job-view.ts';
import { jobsHandlers } from './api/operations/jobs.ts';
import { libraryHandlers } from './api/operations/library.ts';
import { listNodes, nodesHandlers } from './api/operations/nodes.ts';
import { tokensHandlers } from './api/operations/tokens.ts';
import type { Api } from './api/parts.ts';
import { startApi } from './api/start-api.ts';
import { createApiTokens } from './api-tokens.ts';
import { createAuthenticator } from './authenticator.ts';
import { findBatch } from './catalog/jobs.ts';
import { composeWork, type Work } from './compose-work.ts';
import { defaultSettings, type HubConfig } from './config.ts';
import { checkRoom } from './disk-space.ts';
import { createDoors, type Doors } from './doors.ts';
import { startLocalNode } from './nodes/local-node.ts';
import { type Closers, openStorage, type Storage } from './open-storage.ts';
import { fetchAddress } from './planner/fetch-address.ts';
import { createIntake, type WorkOrder } from './planner/import-item.ts';
import { importPaths } from './planner/import-paths.ts';
import { inspectFile } from './planner/inspect-file.ts';
import { createNodeBlobs } from './planner/node-blobs.ts';
import { found } from './planner/planner.ts';
import { createResults } from './planner/record-result.ts';
import type { KeptPorts } from './ports.ts';
import { createPreviewService } from './previews/preview-service.ts';
import { embeddedBroker } from './queue/embedded-broker.ts';
import { externalBroker } from './queue/external-broker.ts';
import type { HubBroker } from './queue/hub-broker.ts';
import { keepReconciled } from './queue/reconcile.ts';
import { hubTroubles, readiness } from './readiness.ts';
import { createSettingsStore } from './settings-store.ts';
import { openWebDoor } from './web-door.ts';

export interface Hub {
  readonly url: string;
  readonly port: number;
  /** Port of the embedded broker, or that of the external one. */
  readonly brokerPort: number;
  /** The owner's token. */
  readonly token: string;
  importPaths(paths: readonly string[], order: Omit<WorkOrder, 'name'>): Promise<ImportOutcome>;
  stop(): Promise<void>;
}

const clock = systemClock;

function openBroker(config: HubConfig, ports: KeptPorts, logger: Logger): Promise<HubBroker> {
  if (config.broker !== null) return externalBroker(config.broker, logger);
  const dir = join(config.dataDir, 'broker');
  return embeddedBroker(
    ({ password, port: wanted }) =>
      ports.use('broker', wanted, (port) =>
        startBroker({ dir, port, requirepass: password, appendfsync: 'everysec', inThread: true, logger }),
      ),
    logger,
  );
}

/** In the packaged app pictures are decoded outside asar, by the node-agent package's Node, which carries sharp. */
const packagedPreviewWorker = (packagedAgent: string): string =>
  join(dirname(packagedAgent), '..', 'main', 'hub', 'previews', 'preview-worker.js');

const pinRow = z.object({ id: z.string() });

function composeDoors(
  config: HubConfig,
  storage: Storage,
  broker: HubBroker,
  api: () => Api,
  hubName: () => string,
  logger: Logger,
): Doors {
  return createDoors({
    api,
    identity: storage.identity,
    hubId: storage.hubId,
    hubName,
    host: config.host ?? '0.0.0.0',
    ports: storage.ports,
    connectBroker: broker.connectInside,
    logger,
    nodeOfPin: (pin) =>
      storage.catalog.get(pinRow, 'SELECT id FROM nodes WHERE pin = @pin AND removed_ms IS NULL', { pin })?.id ?? null,
  });
}

/**
 * Starts a hub on its data folder.
 * @throws Error with a sentence for the user: folder in use, port taken, catalog from a newer version …
 */
export async function startHub(config: HubConfig, logger: Logger): Promise<Hub> {
  const closers: Closers = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) {
      await Promise.resolve()
        .then(close)
        .catch((error: unknown) => logger.warn({ error }, 'a part did not stop in order'));
    }
  };
  try {
    return { ...(await compose(config, logger, closers)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function compose(config: HubConfig, logger: Logger, closers: Closers): Promise<Omit<Hub, 'stop'>> {
  const storage = await openStorage(config, clock, logger, closers);
  const { catalog, blobs, centralStore } = storage;
  const broker = await openBroker(config, storage.ports, logger);
  closers.push(() => broker.stop());
  const later: { api?: Api } = {};
  const api = (): Api => found(later.api, 'API yet');
  const settings = createSettingsStore(catalog, defaultSettings, config.settings, async (before, after) => {
    if (after.acceptNodes && !before.acceptNodes) await doors.open();
    if (!after.acceptNodes && before.acceptNodes) await doors.close();
    if (after.paused && !before.paused) await work.planner.takeAllBack();
    if (!after.paused && before.paused) work.planner.touch();
    work.emit({ name: 'settings.changed', data: {} });
  });
  const doors = composeDoors(config, storage, broker, api, () => settings.current().hubName, logger);
  const work = composeWork(
    { storage, clock, broker, doors: () => doors, api, settings: settings.current, logger },
    closers,
  );
  const { planner, registry } = work;
  const brokerView = () => ({ ...broker.facts(), reachable: work.queues.reachable() });
  const views = { catalog, planner, nodes: registry.views };
  const intake = createIntake({
    catalog,
    planner,
    clock,
    settings: settings.current,
    blobPath: blobs.path,
    emit: work.emit,
    batchView: (id) => batchView(views, found(findBatch(catalog, id), 'batch')),
    fetchAddress: (url) => fetchAddress(url, blobs.put),
  });
  const apiTokens = createApiTokens({
    catalog,
    clock,
    logger,
    dropConnections: (tokenId) => api().dropHolder(tokenId),
  });
  closers.push(apiTokens.watch());
  const nodeParts = { catalog, registry, planner, clock };
  const handlers: JsonHandlers = {
    ...hubHandlers({
      ...views,
      hub: { id: storage.hubId, version: config.version },
      events: work.events,
      listNodes: () => listNodes(nodeParts),
      troubles: () => hubTroubles({ dataDir: config.dataDir, broker: brokerView }),
      settings: settings.current,
      changeSettings: settings.change,
      gc: storage.gc,
    }),
    ...brokerHandlers({ broker: brokerView }),
    ...jobsHandlers({ ...views, intake, waiters: work.waiters }),
    ...libraryHandlers({ ...views, intake }),
    ...tokensHandlers(apiTokens),
    ...nodesHandlers({
      ...nodeParts,
      openDoor: async () => void (await settings.change({ acceptNodes: true })),
      results: createResults({ planner, blobs, nearFile: nearFiles(config, registry) }),
    }),
  };
  const previews = createPreviewService({
    dir: join(config.dataDir, 'previews'),
    blobs,
    execPath: config.nodeExecutable,
    ...(config.agentEntry !== undefined && { script: packagedPreviewWorker(config.agentEntry) }),
    maxPixels: () => settings.current().maxPixels,
    logger,
  });
  closers.push(() => previews.stop());

  later.api = await storage.ports.use('http', config.port, (port) =>
    startApi({
      handlers,
      catalog,
      blobs,
      intake,
      centralStore,
      previews,
      events: work.events,
      auth: createAuthenticator(storage.token, registry, apiTokens),
      nodeBlobs: createNodeBlobs(planner.open),
      inspect: inspectFile,
      readiness: () => readiness({ catalog, dataDir: config.dataDir, broker: brokerView }),
      settings: settings.current,
      dataDir: config.dataDir,
      uiFolder: config.uiFolder,
      clock,
      logger,
      version: config.version,
      listen: { host: '127.0.0.1', port },
      legacyPorts: config.legacyPorts,
    }),
  );
  closers.push(() => api().stop());
  closers.push(() => doors.close());
  broker.onAccessChanged(registry.greetAgain);
  await begin(work, logger, closers);
  closers.push(storage.gc.start());
  if (settings.current().acceptNodes || config.host !== null) await doors.open();
  if (config.door !== null)
    await openWebDoor({
      config: config.door,
      api: api(),
      host: config.host ?? '0.0.0.0',
      ports: storage.ports,
      dataDir: config.dataDir,
      hubName: settings.current().hubName,
      logger,
    });
  closers.push(await announce(config.dataDir, api().url));
  if (config.localNode) closers.push(startOwnNode(config, storage, api().url, registry, logger));
  return {
    url: api().url,
    port: api().port,
    brokerPort: broker.port,
    token: storage.token,
    importPaths: (paths, order) =>
      importPaths(
        {
          blobs,
          intake,
          maxBytes: () => settings.current().maxUploadBytes,
          checkRoom: (bytes) => checkRoom(config.dataDir, bytes, 'intake'),
        },
        paths,
        order,
      ),
  };
}

/** Everything is wired: let it move. */
async function begin(work: Work, logger: Logger, closers: Closers): Promise<void> {
  const { planner, registry, queues, pump } = work;
  await registry.start();
  closers.push(() => registry.stop());
  planner.start();
  pump.start();
  queues.onConnect(pump.pump);
  closers.push(() => planner.stop());
  closers.push(keepReconciled({ planner, queues, nowMs: clock.wallMs, send: pump.send, logger }));
}

/** Tells commands of this machine where the hub is. @returns what takes the word back */
async function announce(dataDir: string, url: string): Promise<() => Promise<void>> {
  const file = join(dataDir, 'hub.json');
  await writeFileAtomic(file, JSON.stringify({ url, pid: process.pid }), 0o600);
  return () => rm(file, { force: true });
}

/** In a checkout; the packaged app names its own. */
const agentEntry = fileURLToPath(new URL('../../node-agent/index.ts', import.meta.url));

const ownNodeFolder = (config: HubConfig): string => join(config.dataDir, 'node');

/** Nodes that joined over loopback may keep their files in another folder: then there is no such file. */
const nearFiles =
  (config: HubConfig, registry: Work['registry']) =>
  (nodeId: string, sha256: string): string | null =>
    registry.list().some(({ id, local }) => id === nodeId && local)
      ? blobFile(cacheFolder(ownNodeFolder(config)), sha256)
      : null;

/** The machine's own node: the same agent as everywhere, which joins with a token made for it. */
function startOwnNode(
  config: HubConfig,
  storage: Storage,
  url: string,
  registry: Work['registry'],
  logger: Logger,
): () => Promise<void> {
  const node = startLocalNode({
    command: [config.nodeExecutable, config.agentEntry ?? agentEntry],
    dataDir: ownNodeFolder(config),
    blobDir: storage.blobs.dir,
    hubUrl: url,
    name: config.nodeName ?? hostname(),
    createToken: async () => (await registry.createToken({ uses: 1, ttlMs: 600_000, isOwn: true })).token,
    logger,
  });
  return () => node.stop();
}
