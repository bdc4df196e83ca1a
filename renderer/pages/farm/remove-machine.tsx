/** Asks before a machine is sent away. */
import { Button, Group, Modal, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Node } from '../../../contract/operations/nodes.ts';
import { useErrorToast } from '../../components/use-error-toast.ts';
import { useParts } from '../../parts.ts';
import { keys } from '../../query-keys.ts';

interface RemoveMachineProps {
  readonly node: Node;
  readonly opened: boolean;
  onClose(): void;
}

export function RemoveMachine({ node, opened, onClose }: RemoveMachineProps) {
  const { t } = useTranslation();
  const { client } = useParts();
  const queries = useQueryClient();
  const showError = useErrorToast();
  const remove = useMutation({
    mutationFn: () => client.call('removeNode', { params: { id: node.id } }),
    onSuccess: () => {
      notifications.show({ message: t('farm.removed', { name: node.name }) });
      onClose();
    },
    onError: showError,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.farm }),
  });
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('farm.removeTitle', { name: node.name })}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Text>{t('farm.removeText')}</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t('app.cancel')}
        </Button>
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          {t('farm.remove')}
        </Button>
      </Group>
    </Modal>
  );
}
