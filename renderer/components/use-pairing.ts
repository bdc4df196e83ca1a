/** Machines that ask to be let in. Only an admin's session may know; any other learns of none. */
import { useQuery } from '@tanstack/react-query';
import { useParts } from '../parts.ts';
import { keys } from '../query-keys.ts';

/** Requests run out silently; an event tells of all other changes. */
const refetchMs = 30_000;

export function usePairing() {
  const { client } = useParts();
  const { data } = useQuery({
    queryKey: keys.pairing,
    queryFn: ({ signal }) => client.call('listPairingRequests', { signal }),
    refetchInterval: ({ state }) => (state.status === 'error' ? false : refetchMs),
  });
  return { waiting: data?.rows.filter(({ state }) => state === 'pending') ?? [], turnedAway: data?.turnedAway ?? 0 };
}
