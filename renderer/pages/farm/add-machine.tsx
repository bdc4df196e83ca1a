/** Adding a machine: the lines to type there, then waiting until it appears. */
import { Alert, Button, CopyButton, Group, Loader, Modal, Skeleton, Text } from '@mantine/core';
import { IconCheck, IconCircleCheck, IconCopy } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Node } from '../../../contract/operations/nodes.ts';
import { LoadError } from '../../components/load-error.tsx';
import { useFarm } from '../../components/use-farm.ts';
import { useFormat } from '../../format.ts';
import { useParts } from '../../parts.ts';
import classes from './farm.module.css';
import { PairingRequests } from './pairing-requests.tsx';

interface AddMachineProps {
  readonly known: readonly Node[];
  onClose(): void;
}

/** What is typed on the other machine; npm's script installs what is missing. */
export const joinLines = (token: string): readonly string[] => [
  'cd millrace',
  `npm run -s millrace -- node --token ${token}`,
];

export function AddMachine({ known, onClose }: AddMachineProps) {
  const { t } = useTranslation();
  const [round, setRound] = useState(1);
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t('farm.addTitle')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Round key={round} round={round} known={known} onAgain={() => setRound(round + 1)} onClose={onClose} />
    </Modal>
  );
}

interface RoundProps extends AddMachineProps {
  readonly round: number;
  onAgain(): void;
}

function Round({ round, known, onAgain, onClose }: RoundProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const { client } = useParts();
  const [before] = useState(() => new Set(known.map((node) => node.id)));
  const appeared = useFarm((farm) => farm.nodes.find((node) => !before.has(node.id) && node.state === 'online')).data;
  const token = useQuery({
    queryKey: ['join-token', round],
    queryFn: () => client.call('createJoinToken', { body: {}, idempotencyKey: crypto.randomUUID() }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  if (token.isError) return <LoadError error={token.error} onRetry={() => void token.refetch()} />;
  if (appeared)
    return (
      <>
        <Alert color="water" variant="light" icon={<IconCircleCheck size={20} />} role="status">
          {t('farm.addAppeared', { name: appeared.name })}
        </Alert>
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={onAgain}>
            {t('farm.addAnother')}
          </Button>
          <Button onClick={onClose}>{t('farm.addDone')}</Button>
        </Group>
      </>
    );
  const lines = token.data ? joinLines(token.data.token) : null;
  return (
    <div className={classes['adding']}>
      <Text>
        {t('farm.addText')} {t('farm.addNeeds')}
      </Text>
      {lines === null ? <Skeleton height={108} /> : <Lines lines={lines} />}
      <Text size="sm" c="dimmed">
        {t('farm.addByCode')}
      </Text>
      <PairingRequests />
      <Text size="sm" c="dimmed">
        {token.data && t('farm.addOnce', { time: format.clock(token.data.expiresAt) })} {t('farm.addDoor')}
      </Text>
      <p className={classes['waiting']} role="status">
        <Loader size="xs" aria-hidden /> {t('farm.addWaiting')}
      </p>
    </div>
  );
}

function Lines({ lines }: { readonly lines: readonly string[] }) {
  const { t } = useTranslation();
  return (
    <section className={classes['lines']} aria-label={t('farm.addLines')}>
      <pre>
        {lines.map((line) => (
          <code key={line}>{`${line}\n`}</code>
        ))}
      </pre>
      <CopyButton value={lines.join('\n')}>
        {({ copied, copy }) => (
          <Button
            size="xs"
            variant="default"
            data-autofocus
            onClick={copy}
            leftSection={copied ? <IconCheck size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />}
          >
            {copied ? t('app.copied') : t('farm.addCopy')}
          </Button>
        )}
      </CopyButton>
    </section>
  );
}
