/** Opens what a hub has on disk: its folder (locked), ports, catalog, blobs, identity, token and central store. Nothing moves yet. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 as uuid } from 'uuid';
import type { Clock } from '../../common/clock.ts';
import { lockFolder } from '../../common/files.ts';
import { loadOrCreateIdentity } from '../../common/identity.ts';
import type { Logger } from '../../common/log.ts';
import { loadOwnerToken } from './authenticator.ts';
import { createBlobGc } from './blobs/blob-gc.ts';
import { createBlobStore } from './blobs/blob-store.ts';
import { createTouchedBlobs } from './blobs/touched-blobs.ts';
import { openCatalog } from './catalog/database.ts';
import { hubId as loadHubId } from './catalog/settings.ts';
import { createCentralStore } from './central-store/central-store.ts';
import type { HubConfig } from './config.ts';
import { loadPorts } from './ports.ts';

/** Closers of what was opened; they are called newest first. */
export type Closers = (() => Promise<unknown> | unknown)[];

/** @throws Error with a sentence for the user: folder in use, catalog from a newer version … */
export async function openStorage(
  { dataDir, keyPassphrase }: Pick<HubConfig, 'dataDir' | 'keyPassphrase'>,
  clock: Clock,
  logger: Logger,
  closers: Closers,
) {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  closers.push(await lockFolder(dataDir));
  const ports = await loadPorts(dataDir);
  const catalog = openCatalog(join(dataDir, 'catalog.sqlite'));
  closers.push(() => catalog.close());
  const touched = createTouchedBlobs();
  const blobs = touched.watch(await createBlobStore({ dir: join(dataDir, 'blobs'), logger }));
  const gc = createBlobGc({ catalog, store: blobs, touched, clock, logger });
  const hubId = loadHubId(catalog, uuid);
  const identity = await loadOrCreateIdentity(join(dataDir, 'identity'), `millrace-hub-${hubId}`, keyPassphrase);
  const centralStore = createCentralStore({ catalog, blobs, dataDir, clock, logger });
  await centralStore.repair();
  return { ports, catalog, blobs, gc, hubId, identity, centralStore, token: await loadOwnerToken(dataDir) };
}
export type Storage = Awaited<ReturnType<typeof openStorage>>;
