/** Running items of the library again: what has not changed is not computed twice. */
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Privacy } from '../../contract/item.ts';
import { useParts } from '../parts.ts';
import { orderOf, useOrderChoice } from '../uploads/order.ts';
import { useErrorToast } from './use-error-toast.ts';

export interface RunAgain {
  readonly itemIds: readonly string[];
  /** Where it may run this time; without it, what the user chose last. */
  readonly privacy?: Privacy;
}

export function useRunAgain() {
  const { t } = useTranslation();
  const { client } = useParts();
  const queries = useQueryClient();
  const showError = useErrorToast();
  const [choice] = useOrderChoice();
  return useMutation({
    mutationFn: ({ itemIds, privacy = choice.privacy }: RunAgain) => {
      const { pipeline, options } = orderOf(choice);
      return client.call('submitItems', {
        body: { pipeline, options, privacy, itemIds: [...itemIds] },
        idempotencyKey: crypto.randomUUID(),
      });
    },
    onSuccess: ({ files }) => notifications.show({ message: t('library.runStarted', { count: files.length }) }),
    onError: showError,
    onSettled: () => queries.invalidateQueries(),
  });
}
