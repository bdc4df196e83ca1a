/** Reading and changing the hub's settings. */
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Settings } from '../../../contract/operations/hub.ts';
import { useErrorToast } from '../../components/use-error-toast.ts';
import { useParts } from '../../parts.ts';
import { keys } from '../../query-keys.ts';

export function useSettings() {
  const { t } = useTranslation();
  const { client } = useParts();
  const queries = useQueryClient();
  const showError = useErrorToast();
  const query = useQuery({ queryKey: keys.settings, queryFn: ({ signal }) => client.call('getSettings', { signal }) });
  const { mutate: save } = useMutation({
    mutationFn: (change: Partial<Settings>) => client.call('updateSettings', { body: change }),
    onSuccess: (settings) => {
      queries.setQueryData(keys.settings, settings);
      notifications.show({ id: 'settings', message: t('settings.saved'), autoClose: 2_000 });
    },
    onError: (error) => {
      showError(error);
      void queries.invalidateQueries({ queryKey: keys.settings });
    },
  });
  return { query, save };
}
