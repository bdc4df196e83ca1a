/** Batches that still have work, newest first. */
import { useQuery } from '@tanstack/react-query';
import type { Batch } from '../../contract/item.ts';
import { useParts } from '../parts.ts';
import { keys } from '../query-keys.ts';

const most = 20;

export function useOpenBatches(): { readonly batches: readonly Batch[]; readonly total: number } {
  const { client } = useParts();
  const { data } = useQuery({
    queryKey: keys.batches,
    queryFn: ({ signal }) => client.call('listBatches', { query: { limit: most, state: 'open' }, signal }),
  });
  return { batches: data?.rows ?? [], total: data?.total ?? 0 };
}
