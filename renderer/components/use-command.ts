/** A change at the hub by a click: what failed is said, and what is shown is read again. */
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { HubClient } from '../hub.ts';
import { useParts } from '../parts.ts';
import { useErrorToast } from './use-error-toast.ts';

/** @param done what is said once it is done; nothing where the page shows it */
export function useCommand<Input, Answer>(
  act: (client: HubClient, input: Input) => Promise<Answer>,
  done?: (input: Input, answer: Answer) => string,
) {
  const { client } = useParts();
  const queries = useQueryClient();
  const showError = useErrorToast();
  return useMutation({
    mutationFn: (input: Input) => act(client, input),
    onSuccess: (answer, input) => {
      if (done !== undefined) notifications.show({ message: done(input, answer) });
    },
    onError: showError,
    onSettled: () => queries.invalidateQueries(),
  });
}
