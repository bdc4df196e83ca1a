/** Failed items grouped by cause, and trying them again. */
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Farm } from '../../contract/operations/hub.ts';
import type { HubClient } from '../hub.ts';
import { useParts } from '../parts.ts';
import { keys } from '../query-keys.ts';
import { useErrorToast } from './use-error-toast.ts';
import { useFarm } from './use-farm.ts';

export type FailureGroup = Farm['failures'][number];

export function useFailures(): readonly FailureGroup[] {
  return useFarm((farm) => farm.failures).data ?? [];
}

export function useFailureCount(): number {
  return useFarm((farm) => farm.failures.reduce((sum, group) => sum + group.count, 0)).data ?? 0;
}

/** One call an item while the group names them all; otherwise all failed items with the same code. Gives back how many try again. */
async function retryGroup(client: HubClient, group: FailureGroup): Promise<number> {
  if (group.jobs.length === group.count && group.count <= 20) {
    const tried = await Promise.allSettled(
      group.jobs.map(({ jobId }) => client.call('retryJob', { params: { id: jobId } })),
    );
    const refused = tried.find((result) => result.status === 'rejected');
    const done = tried.filter((result) => result.status === 'fulfilled').length;
    if (done === 0 && refused !== undefined) throw refused.reason;
    return done;
  }
  const body = { errorCode: group.error.code, state: ['failed' as const, 'quarantined' as const] };
  return (await client.call('retryJobs', { body })).changed.length;
}

export function useRetryGroup() {
  const { t } = useTranslation();
  const { client } = useParts();
  const queries = useQueryClient();
  const showError = useErrorToast();
  return useMutation({
    mutationFn: (group: FailureGroup) => retryGroup(client, group),
    onSuccess: (count) => notifications.show({ message: t('failure.retried', { count }) }),
    onError: showError,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.farm }),
  });
}
