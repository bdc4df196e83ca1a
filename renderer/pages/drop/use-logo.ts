/** Marks: the hub's usual one, and sending a picture of the user's own. */
import { useMutation, useQuery } from '@tanstack/react-query';
import type { Settings } from '../../../contract/operations/hub.ts';
import { useErrorToast } from '../../components/use-error-toast.ts';
import { useParts } from '../../parts.ts';
import { keys } from '../../query-keys.ts';
import type { Logo } from '../../uploads/order.ts';

/** The hub's usual mark, or null when that is Millrace's own. */
export function useUsualLogo(): Settings['logo'] {
  const { client } = useParts();
  const { data } = useQuery({
    queryKey: keys.settings,
    queryFn: ({ signal }) => client.call('getSettings', { signal }),
  });
  return data?.logo ?? null;
}

/** Sends a picture that is to be used as a mark. */
export function useSendLogo(onLogo: (logo: Logo) => void) {
  const { client } = useParts();
  const showError = useErrorToast();
  return useMutation({
    mutationFn: async (file: File): Promise<Logo> => {
      const stored = await client.upload(
        'putLooseBlob',
        { query: { name: file.name } },
        {
          file,
          signal: new AbortController().signal,
          idempotencyKey: crypto.randomUUID(),
          onProgress: () => undefined,
        },
      );
      return { ...stored, name: file.name };
    },
    onSuccess: onLogo,
    onError: showError,
  });
}

export const logoTypes = 'image/png,image/webp,image/jpeg,image/avif,image/gif,image/tiff';
