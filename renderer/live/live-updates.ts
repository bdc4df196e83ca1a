/** Carries the hub's events into what the pages show: once a frame, patching what is cached, re-reading the rest at most now and then. */
import type { QueryClient } from '@tanstack/react-query';
import type { HubEvent } from '../../contract/hub-events.ts';
import type { Farm } from '../../contract/operations/hub.ts';
import type { HubClient } from '../hub.ts';
import { keys } from '../query-keys.ts';
import type { Announcements } from './announcements.ts';
import { type ConnectionState, listenToEvents, type StreamedEvent } from './event-stream.ts';
import { applyToFarm, namesUnknownNode } from './farm-changes.ts';
import { patchLibrary } from './library-changes.ts';
import { type Observable, observable } from './observable.ts';
import { throttled } from './throttled.ts';
import type { Traffic } from './traffic.ts';

export interface LiveUpdates {
  readonly connection: Observable<ConnectionState>;
  /** Items that were added since the library was last read as a whole. */
  readonly freshItems: Observable<number>;
  /** Reads the farm and puts events on top that came while it was on its way. */
  readFarm(signal: AbortSignal): Promise<Farm>;
  stop(): void;
}

interface Parts {
  readonly client: HubClient;
  readonly queries: QueryClient;
  readonly traffic: Traffic;
  readonly announcements: Announcements;
}

const recentLimit = 2_000;
const farmEveryMs = 1_000;
const libraryEveryMs = 2_000;
const detailEveryMs = 700;

export function startLiveUpdates({ client, queries, traffic, announcements }: Parts): LiveUpdates {
  const connection = observable<ConnectionState>('connecting');
  const freshItems = observable(0);
  let recent: StreamedEvent[] = [];
  let waiting: StreamedEvent[] = [];
  let frame = 0;

  // A reading that is on its way is let finish: beginning anew at each event would never end on a slow hub.
  const again = (queryKey: readonly unknown[]) => queries.invalidateQueries({ queryKey }, { cancelRefetch: false });
  const readFarmAgain = throttled(farmEveryMs, () => again(keys.farm));
  const readLibraryAgain = throttled(libraryEveryMs, () => {
    const reading = [again(keys.latest), again(keys.batches)];
    const open = queries.getQueriesData<{ pages: unknown[] }>({ queryKey: keys.items });
    // A long library is patched in place; reading many pages again would cost more than it tells.
    if (open.every(([, data]) => (data?.pages.length ?? 0) <= 2)) {
      freshItems.set(0);
      reading.push(again(keys.items));
    }
    return Promise.all(reading);
  });
  let touchedItems = new Set<string>();
  const readDetailsAgain = throttled(detailEveryMs, () => {
    const reading = [...touchedItems].map((itemId) => again(keys.item(itemId)));
    touchedItems = new Set();
    return Promise.all([...reading, again(keys.jobs)]);
  });

  const readEverythingAgain = () => {
    recent = [];
    void queries.invalidateQueries();
  };

  const flush = () => {
    frame = 0;
    const batch = waiting;
    waiting = [];
    const events = batch.map((each) => each.event);
    if (events.some((event) => event.name === 'reset')) return readEverythingAgain();
    const nowMs = Date.now();
    traffic.note(events, nowMs);
    announcements.note(events);
    queries.setQueryData<Farm>(keys.farm, (farm) => {
      if (farm === undefined) return farm;
      if (namesUnknownNode(farm, events)) readFarmAgain();
      return applyToFarm(farm, events, nowMs);
    });
    patchLibrary(queries, events);
    readAgainFor(events);
  };

  const readAgainFor = (events: readonly HubEvent[]) => {
    for (const event of events) {
      if (event.name === 'attempt.progress') continue;
      if (event.name === 'settings.changed') void again(keys.settings);
      if (event.name === 'pairing.changed') void again(keys.pairing);
      if (event.name === 'item.created') freshItems.set(freshItems.get() + 1);
      if (event.name === 'item.created' || event.name === 'job.state') readLibraryAgain();
      if (event.name === 'job.state' || event.name === 'attempt.state') touchedItems.add(event.data.itemId);
      readFarmAgain();
    }
    if (touchedItems.size > 0) readDetailsAgain();
  };

  const onEvent = (event: StreamedEvent) => {
    recent.push(event);
    if (recent.length > recentLimit) recent = recent.slice(-recentLimit / 2);
    waiting.push(event);
    if (frame !== 0) return;
    // A hidden window gets no frames; it still has to keep up.
    frame = document.hidden ? window.setTimeout(flush, 500) : requestAnimationFrame(flush);
  };

  let opened = false;
  const stopListening = listenToEvents(client, {
    onEvent,
    onState: (state) => connection.set(state),
    onOpen: () => {
      if (opened) readFarmAgain();
      opened = true;
    },
  });
  const ticking = setInterval(() => traffic.tick(Date.now()), 350);

  return {
    connection,
    freshItems,
    async readFarm(signal) {
      const farm = await client.call('getFarm', { signal });
      const later = recent.filter((each) => each.id > farm.lastEventId).map((each) => each.event);
      return applyToFarm(farm, later, Date.now());
    },
    stop() {
      clearInterval(ticking);
      stopListening();
    },
  };
}
