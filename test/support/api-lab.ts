/** The real API over a real catalog, blob store, planner and node registry, on sockets of this machine; only the broker is left out. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuid } from 'uuid';
import { systemClock } from '../../common/clock.ts';
import { createIdentity } from '../../common/identity.ts';
import { createLogger, type Logger, silentLogger } from '../../common/log.ts';
import type { HubEvent } from '../../contract/hub-events.ts';
import type { BrokerView } from '../../contract/operations/broker.ts';
import type { HubTrouble } from '../../contract/operations/hub.ts';
import type { JsonHandlers } from '../../main/hub/api/handlers.ts';
import { brokerHandlers } from '../../main/hub/api/operations/broker.ts';
import { hubHandlers } from '../../main/hub/api/operations/hub.ts';
import { batchView } from '../../main/hub/api/operations/job-view.ts';
import { jobsHandlers } from '../../main/hub/api/operations/jobs.ts';
import { libraryHandlers } from '../../main/hub/api/operations/library.ts';
import { listNodes, nodesHandlers } from '../../main/hub/api/operations/nodes.ts';
import { tokensHandlers } from '../../main/hub/api/operations/tokens.ts';
import type { Api, ReadinessCheck } from '../../main/hub/api/parts.ts';
import { startApi } from '../../main/hub/api/start-api.ts';
import { createApiTokens } from '../../main/hub/api-tokens.ts';
import { createAuthenticator, loadOwnerToken } from '../../main/hub/authenticator.ts';
import { createBlobGc } from '../../main/hub/blobs/blob-gc.ts';
import { createBlobStore } from '../../main/hub/blobs/blob-store.ts';
import { createTouchedBlobs } from '../../main/hub/blobs/touched-blobs.ts';
import { openCatalog } from '../../main/hub/catalog/database.ts';
import { findBatch } from '../../main/hub/catalog/jobs.ts';
import { createCentralStore } from '../../main/hub/central-store/central-store.ts';
import { defaultSettings } from '../../main/hub/config.ts';
import { createEventLog } from '../../main/hub/events.ts';
import { createJobWaiters } from '../../main/hub/job-waiters.ts';
import { createNodeRegistry } from '../../main/hub/nodes/node-registry.ts';
import { createIntake } from '../../main/hub/planner/import-item.ts';
import { inspectFile } from '../../main/hub/planner/inspect-file.ts';
import { createPlanner, found } from '../../main/hub/planner/planner.ts';
import { createResults } from '../../main/hub/planner/record-result.ts';
import { createPreviewService } from '../../main/hub/previews/preview-service.ts';
import { createSettingsStore } from '../../main/hub/settings-store.ts';

export { labCapability } from './lab-capability.ts';

export interface ApiLabOptions {
  readonly uiFolder?: string;
  readonly legacyPorts?: readonly number[];
  /** Where the loopback door listens. */
  readonly host?: string;
  readonly settings?: Partial<typeof defaultSettings>;
  /** An earlier lab's folder, for restarts. */
  readonly dir?: string;
  readonly logger?: Logger;
}

export const clock = systemClock;
/** Shows the hub's complaints when a test needs looking into. */
export const loudLogger = createLogger('warn', (line) => process.stderr.write(line));

/** @returns the running API, its parts, and what tests do with it. `stop` keeps the folder, `end` removes it. */
export async function startApiLab(options: ApiLabOptions = {}) {
  const { uiFolder = null, legacyPorts = [], logger = silentLogger } = options;
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'mr-api-')));
  const catalog = openCatalog(join(dir, 'catalog.sqlite'));
  const blobs = await createBlobStore({ dir: join(dir, 'blobs'), logger });
  const centralStore = createCentralStore({ catalog, blobs, dataDir: dir, clock, logger });
  await centralStore.repair();
  const identity = await createIdentity('hub');
  const token = await loadOwnerToken(dir);
  const events = createEventLog(Math.floor(Date.now() / 1_000) * 1_000, 1_000);
  const waiters = createJobWaiters();
  const emit = (event: HubEvent): void => {
    events.emit(event);
    waiters.observe(event);
  };
  const settings = createSettingsStore(catalog, defaultSettings, options.settings ?? {}, async () => {});
  const planner = createPlanner({
    catalog,
    clock,
    logger,
    nodes: () => registry.views(),
    settings: settings.current,
    allPaused: () => settings.current().paused,
    emit,
    send: () => undefined,
    withdraw: () => undefined,
    brokerReachable: () => true,
  });
  const later: { api?: Api } = {};
  const registry = createNodeRegistry({
    catalog,
    clock,
    logger,
    events: { emit },
    leases: planner.leases,
    checks: planner.checks,
    broker: {
      access: (node) => ({
        port: 1,
        tls: false,
        url: null,
        username: node.id,
        password: node.password,
        prefix: `mr:${node.id}`,
      }),
      admit: async () => {},
      expel: async () => {},
    },
    hubId: uuid(),
    pin: identity.pin,
    hubName: () => 'lab',
    addresses: () => [],
    dropConnections: (nodeId) => later.api?.dropHolder(nodeId),
  });
  const views = { catalog, planner, nodes: registry.views };
  const intake = createIntake({
    catalog,
    planner,
    clock,
    settings: settings.current,
    blobPath: blobs.path,
    emit,
    batchView: (id) => batchView(views, found(findBatch(catalog, id), 'batch')),
    fetchAddress: () => Promise.reject(new Error('no addresses here')),
  });
  const apiTokens = createApiTokens({
    catalog,
    clock,
    logger,
    dropConnections: (tokenId) => later.api?.dropHolder(tokenId),
  });
  const nodeParts = { catalog, registry, planner, clock };
  const broker: BrokerView = { kind: 'embedded', address: null, server: null, reachable: true, notices: [] };
  /** What tests make the hub suffer from. */
  const troubles: HubTrouble[] = [];
  const handlers: JsonHandlers = {
    ...hubHandlers({
      ...views,
      hub: { id: uuid(), version: '0.0.0' },
      events,
      listNodes: () => listNodes(nodeParts),
      troubles: () => troubles,
      settings: settings.current,
      changeSettings: settings.change,
      gc: createBlobGc({ catalog, store: blobs, touched: createTouchedBlobs(), clock, logger }),
    }),
    ...brokerHandlers({ broker: () => broker }),
    ...jobsHandlers({ ...views, intake, waiters }),
    ...libraryHandlers({ ...views, intake }),
    ...tokensHandlers(apiTokens),
    ...nodesHandlers({
      ...nodeParts,
      openDoor: async () => {},
      results: createResults({ planner, blobs, nearFile: () => null }),
    }),
  };
  const previews = createPreviewService({ dir: join(dir, 'previews'), blobs, logger });
  /** Bytes that nodes may read, and nodes that may write; the planner's rule is tested with the planner. */
  const readable = new Set<string>();
  const writers = new Set<string>();
  const readiness: ReadinessCheck[] = [{ name: 'disk', ok: true, detail: '9 GB free.' }];
  const api = await startApi({
    handlers,
    catalog,
    blobs,
    intake,
    centralStore,
    previews,
    events,
    auth: createAuthenticator(token, registry, apiTokens),
    nodeBlobs: {
      mayReadBlob: (nodeId, sha256) => readable.has(`${nodeId} ${sha256}`),
      mayWriteBlob: (nodeId) => writers.has(nodeId),
    },
    inspect: inspectFile,
    readiness: async () => readiness,
    settings: settings.current,
    dataDir: dir,
    uiFolder,
    clock,
    logger,
    version: '0.0.0',
    checkAnswers: true,
    listen: { host: options.host ?? '127.0.0.1', port: 0 },
    legacyPorts,
  });
  later.api = api;
  planner.start();
  await registry.start();

  const stop = async (): Promise<void> => {
    await api.stop();
    planner.stop();
    await registry.stop();
    await previews.stop();
    await blobs.close();
    catalog.close();
  };
  /** A request of the owner's; `path` below /api/v1. */
  const call = (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${token}`);
    return fetch(`${api.url}/api/v1${path}`, { ...init, headers });
  };
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    call(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });

  return {
    api,
    dir,
    token,
    identity,
    catalog,
    blobs,
    events,
    emit,
    planner,
    registry,
    settings,
    readable,
    writers,
    readiness,
    troubles,
    call,
    post,
    stop,
    async end(): Promise<void> {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
export type ApiLab = Awaited<ReturnType<typeof startApiLab>>;
