/** The items of a filter, page after page. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { ItemRow } from '../../live/library-changes.ts';
import { useParts } from '../../parts.ts';
import { keys } from '../../query-keys.ts';
import type { LibraryFilter } from './library-filter.ts';

const pageSize = 200;

export function useItems(filter: LibraryFilter) {
  const { client } = useParts();
  const query = useInfiniteQuery({
    queryKey: keys.itemList({ ...filter }),
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      client.call('listItems', {
        query: { ...filter, limit: pageSize, ...(pageParam !== '' && { cursor: pageParam }) },
        signal,
      }),
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: (before) => before,
  });
  const rows = useMemo<readonly ItemRow[]>(() => query.data?.pages.flatMap((page) => page.rows) ?? [], [query.data]);
  return { query, rows, total: query.data?.pages[0]?.total ?? 0 };
}
