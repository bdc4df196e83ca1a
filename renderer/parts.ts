/** The parts that a session consists of, handed to components through one context. */
import { createContext, useContext } from 'react';
import type { ShellApi } from '../contract/shell-api.ts';
import type { HubClient } from './hub.ts';
import type { Announcements } from './live/announcements.ts';
import type { LiveUpdates } from './live/live-updates.ts';
import type { Traffic } from './live/traffic.ts';
import type { Staging } from './uploads/staging.ts';
import type { Uploads } from './uploads/uploads.ts';

export interface Parts {
  readonly client: HubClient;
  readonly live: LiveUpdates;
  readonly traffic: Traffic;
  readonly announcements: Announcements;
  readonly uploads: Uploads;
  readonly staging: Staging;
  /** Null in a browser. */
  readonly shell: ShellApi | null;
}

export const PartsContext = createContext<Parts | null>(null);

export function useParts(): Parts {
  const parts = useContext(PartsContext);
  if (parts === null) throw new Error('outside a session');
  return parts;
}
