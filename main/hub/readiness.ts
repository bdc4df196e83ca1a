/** What must be well for work to go on, for /readyz and the window: broker, catalog, disk. */
import { z } from 'zod';
import type { BrokerView } from '../../contract/operations/broker.ts';
import type { HubTrouble } from '../../contract/operations/hub.ts';
import type { ReadinessCheck } from './api/parts.ts';
import type { Catalog } from './catalog/database.ts';
import { diskSpace } from './disk-space.ts';

export interface ReadinessParts {
  readonly catalog: Catalog;
  readonly dataDir: string;
  broker(): BrokerView;
}

/** What is wrong with its setup is said, and does not keep work from going on. */
function checkBroker({ reachable, notices }: BrokerView): ReadinessCheck {
  const state = reachable ? 'The broker answers.' : 'The broker cannot be reached.';
  return { name: 'broker', ok: reachable, detail: [state, ...notices.map(({ text }) => text)].join(' ') };
}

function checkCatalog(catalog: Catalog): ReadinessCheck {
  try {
    catalog.get(z.unknown(), 'SELECT 1 AS one');
    return { name: 'catalog', ok: true, detail: 'The catalog answers.' };
  } catch {
    return { name: 'catalog', ok: false, detail: 'The catalog does not answer.' };
  }
}

function checkDisk(dataDir: string): ReadinessCheck {
  const { freeBytes, intakeBytes } = diskSpace(dataDir);
  const ok = freeBytes >= intakeBytes;
  const free = `${(freeBytes / 1e9).toFixed(1)} GB free`;
  const detail = ok ? `${free}.` : `${free}: no files are taken until there is ${(intakeBytes / 1e9).toFixed(2)} GB.`;
  return { name: 'disk', ok, detail };
}

/** All checks; cheap enough for every few seconds. */
export async function readiness(parts: ReadinessParts): Promise<ReadinessCheck[]> {
  return [checkBroker(parts.broker()), checkCatalog(parts.catalog), checkDisk(parts.dataDir)];
}

/** The same for the window, as codes with facts. Without the catalog nothing can be asked at all. */
export function hubTroubles({ dataDir, broker }: Omit<ReadinessParts, 'catalog'>): HubTrouble[] {
  const { freeBytes, intakeBytes } = diskSpace(dataDir);
  return [
    ...(freeBytes < intakeBytes ? [{ code: 'disk_full' as const, freeBytes, neededBytes: intakeBytes }] : []),
    ...(broker().reachable ? [] : [{ code: 'broker_away' as const }]),
  ];
}
