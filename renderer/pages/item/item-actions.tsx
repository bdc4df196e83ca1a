/** What can be done with an item: run again, try again, stop, download, save, drag out. */
import { Button } from '@mantine/core';
import { IconDownload, IconFolderDown, IconPlayerStop, IconRefresh, IconRotateClockwise } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { type Artifact, finalJobStates, type Item, type Job } from '../../../contract/item.ts';
import { useErrorToast } from '../../components/use-error-toast.ts';
import { useRunAgain } from '../../components/use-run-again.ts';
import { download, useSaveResults } from '../../components/use-save-results.ts';
import { useParts } from '../../parts.ts';

interface ItemActionsProps {
  readonly item: Item;
  readonly job: Job | undefined;
  readonly result: Artifact | undefined;
  readonly compact?: boolean;
}

/** Calls on one run; everything about it is read again after. */
function useJobCommand(name: 'retryJob' | 'cancelJob') {
  const { client } = useParts();
  const queries = useQueryClient();
  const showError = useErrorToast();
  return useMutation({
    mutationFn: (id: string) => client.call(name, { params: { id } }),
    onError: showError,
    onSettled: () => queries.invalidateQueries(),
  });
}

export function ItemActions({ item, job, result, compact = false }: ItemActionsProps) {
  const { t } = useTranslation();
  const { client } = useParts();
  const showError = useErrorToast();
  const save = useSaveResults();
  const size = compact ? 'xs' : 'sm';
  const isDone = job === undefined || job.state === 'done';
  return (
    <>
      {result && (
        <Button
          size={size}
          variant={compact || !isDone ? 'default' : 'filled'}
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() => download(client, result).catch(showError)}
        >
          {t('item.download')}
        </Button>
      )}
      {result && !compact && (
        <Button
          size={size}
          variant="default"
          leftSection={<IconFolderDown size={16} aria-hidden />}
          loading={save.progress !== null}
          onClick={() => void save.saveItems([item.id])}
        >
          {t('library.save')}
        </Button>
      )}
      <RunButton item={item} job={job} size={size} />
    </>
  );
}

function RunButton({
  item,
  job,
  size,
}: {
  readonly item: Item;
  readonly job: Job | undefined;
  readonly size: 'xs' | 'sm';
}) {
  const { t } = useTranslation();
  const runAgain = useRunAgain();
  const retry = useJobCommand('retryJob');
  const cancel = useJobCommand('cancelJob');
  if (job !== undefined && !finalJobStates.includes(job.state))
    return (
      <Button
        size={size}
        variant="default"
        leftSection={<IconPlayerStop size={16} aria-hidden />}
        loading={cancel.isPending}
        onClick={() => cancel.mutate(job.id)}
      >
        {t('item.stop')}
      </Button>
    );
  if (job !== undefined && (job.state === 'failed' || job.state === 'quarantined'))
    return (
      <Button
        size={size}
        leftSection={<IconRefresh size={16} aria-hidden />}
        loading={retry.isPending}
        onClick={() => retry.mutate(job.id)}
      >
        {t('app.retry')}
      </Button>
    );
  return (
    <Button
      size={size}
      variant="default"
      leftSection={<IconRotateClockwise size={16} aria-hidden />}
      loading={runAgain.isPending}
      onClick={() => runAgain.mutate({ itemIds: [item.id] })}
    >
      {t('item.runAgain')}
    </Button>
  );
}
