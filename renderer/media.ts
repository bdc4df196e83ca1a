/** Addresses of pictures: an `<img>` cannot send a token, so it gets a short-lived ticket that is renewed in time. */
import { useQuery } from '@tanstack/react-query';
import type { OperationResponse } from '../contract/hub-api.ts';
import { operations } from '../contract/hub-api.ts';
import { addressOf, type HubClient } from './hub.ts';
import { useParts } from './parts.ts';
import { keys } from './query-keys.ts';

type Ticket = OperationResponse<'createMediaTicket'>;

/** Renewed when so much of its life is left. */
const renewBeforeMs = 60_000;

/** Ms until a ticket is to be renewed; at least a little. */
export function renewInMs(ticket: Ticket, nowMs: number): number {
  return Math.max(5_000, Date.parse(ticket.expiresAt) - nowMs - renewBeforeMs);
}

/** Makes addresses with the ticket of now; null while there is none yet. */
export interface MediaAddresses {
  thumbnail(sha256: string, sizePx: number): string;
  blob(sha256: string, name?: string): string;
}

function addressesOf(client: HubClient, ticket: string): MediaAddresses {
  return {
    thumbnail: (sha256, size) => client.baseUrl + addressOf(operations.getThumbnail.path, { sha256 }, { size, ticket }),
    blob: (sha256, name) => client.baseUrl + addressOf(operations.getBlob.path, { sha256 }, { name, ticket }),
  };
}

export function useMedia(): MediaAddresses | null {
  const { client } = useParts();
  const { data } = useQuery({
    queryKey: keys.ticket,
    queryFn: ({ signal }) => client.call('createMediaTicket', { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: (query) => (query.state.data ? renewInMs(query.state.data, Date.now()) : false),
    refetchIntervalInBackground: true,
  });
  return data === undefined ? null : addressesOf(client, data.ticket);
}

/** Media types that Chromium shows by itself; others are shown by their thumbnail. */
export const isShownByBrowser = (mediaType: string): boolean => /^image\/(jpeg|png|webp|avif|gif|bmp)$/.test(mediaType);
