/** Asks for a machine's name. */
import { Button, Group, Modal, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Node } from '../../../contract/operations/nodes.ts';
import { useChangeMachine } from './use-machine.ts';

interface RenameMachineProps {
  readonly node: Node;
  readonly opened: boolean;
  onClose(): void;
}

const longestName = 63;

export function RenameMachine({ node, opened, onClose }: RenameMachineProps) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('farm.renameTitle', { name: node.name })}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <NameForm node={node} onClose={onClose} />
    </Modal>
  );
}

function NameForm({ node, onClose }: Omit<RenameMachineProps, 'opened'>) {
  const { t } = useTranslation();
  const [name, setName] = useState(node.name);
  // The hub makes it unique; what is said is what it became.
  const change = useChangeMachine(node, (changed) => t('farm.renamed', { name: changed.name }));
  const save = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ name: name.trim() === '' ? null : name.trim() }, { onSuccess: onClose });
  };
  return (
    <form onSubmit={save}>
      <TextInput
        data-autofocus
        label={t('farm.name')}
        description={t('farm.nameText')}
        maxLength={longestName}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose}>
          {t('app.cancel')}
        </Button>
        <Button type="submit" loading={change.isPending}>
          {t('farm.renameSave')}
        </Button>
      </Group>
    </form>
  );
}
