/** Patches the states of items in the library's cached pages, so that a long list needs no new reading. */
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import type { OperationResponse } from '../../contract/hub-api.ts';
import type { HubEvent } from '../../contract/hub-events.ts';
import type { JobState } from '../../contract/item.ts';
import { keys } from '../query-keys.ts';

export type ItemsPage = OperationResponse<'listItems'>;
export type ItemRow = ItemsPage['rows'][number];

function patchPage(page: ItemsPage, states: ReadonlyMap<string, JobState>): ItemsPage {
  let touched = false;
  const rows = page.rows.map((row) => {
    const jobState = states.get(row.id);
    if (jobState === undefined || jobState === row.jobState) return row;
    touched = true;
    return { ...row, jobState };
  });
  return touched ? { ...page, rows } : page;
}

/** Puts new states into every cached list of items. */
export function patchLibrary(queries: QueryClient, events: readonly HubEvent[]): void {
  const states = new Map<string, JobState>();
  for (const event of events) if (event.name === 'job.state') states.set(event.data.itemId, event.data.state);
  if (states.size === 0) return;
  queries.setQueriesData<InfiniteData<ItemsPage>>({ queryKey: keys.items }, (data) => {
    if (data === undefined) return data;
    const pages = data.pages.map((page) => patchPage(page, states));
    return pages.every((page, index) => page === data.pages[index]) ? data : { ...data, pages };
  });
}
