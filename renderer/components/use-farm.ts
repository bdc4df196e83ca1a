/** The farm as it is now: read from the hub, then moved by events. */
import { useQuery } from '@tanstack/react-query';
import type { Farm } from '../../contract/operations/hub.ts';
import { useParts } from '../parts.ts';
import { keys } from '../query-keys.ts';

/** `select` narrows what a component follows, so that progress of one machine does not draw the others again. */
export function useFarm<T = Farm>(select?: (farm: Farm) => T) {
  const { live } = useParts();
  return useQuery({
    queryKey: keys.farm,
    queryFn: ({ signal }) => live.readFarm(signal),
    // Events do the rest; this catches what no event tells (a machine's load).
    refetchInterval: 10_000,
    ...(select && { select }),
  });
}
