/** What an owner wants of a machine: its name, trust, pauses, another chance for a kind of step. */
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { OperationBody } from '../../../contract/hub-api.ts';
import type { Farm } from '../../../contract/operations/hub.ts';
import type { Node } from '../../../contract/operations/nodes.ts';
import { useErrorToast } from '../../components/use-error-toast.ts';
import { useStepWord } from '../../components/use-words.ts';
import { useParts } from '../../parts.ts';
import { keys } from '../../query-keys.ts';

/** Puts the machine as the hub answers it on the page at once. */
function useShowMachine(): (changed: Node) => void {
  const queries = useQueryClient();
  return (changed) =>
    queries.setQueryData<Farm>(
      keys.farm,
      (farm) => farm && { ...farm, nodes: farm.nodes.map((node) => (node.id === changed.id ? changed : node)) },
    );
}

/** @param done what is said of the changed machine; nothing where its card shows it */
export function useChangeMachine({ id }: Node, done?: (changed: Node) => string) {
  const { client } = useParts();
  const show = useShowMachine();
  const showError = useErrorToast();
  return useMutation({
    mutationFn: (body: OperationBody<'changeNode'>) => client.call('changeNode', { params: { id }, body }),
    onSuccess: (changed) => {
      show(changed);
      if (done !== undefined) notifications.show({ message: done(changed) });
    },
    onError: showError,
  });
}

/** Gives a machine steps of a kind again that it was set aside for; it is tested at once. */
export function useUseAgain({ id, name }: Node) {
  const { t } = useTranslation();
  const { client } = useParts();
  const show = useShowMachine();
  const showError = useErrorToast();
  const stepWord = useStepWord();
  return useMutation({
    mutationFn: (kind: string) => client.call('unbenchNode', { params: { id }, body: { kind } }),
    onSuccess: (changed, kind) => {
      show(changed);
      notifications.show({ message: t('farm.usedAgain', { name, step: stepWord(kind) }) });
    },
    onError: showError,
  });
}
