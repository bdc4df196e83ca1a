/** What can be done with an item: download, save, and what its run allows. */
import { Button } from '@mantine/core';
import { IconDownload, IconFolderDown } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Artifact, Item, Job } from '../../../contract/item.ts';
import { useErrorToast } from '../../components/use-error-toast.ts';
import { download, useSaveResults } from '../../components/use-save-results.ts';
import { useParts } from '../../parts.ts';
import { RunButtons } from './run-buttons.tsx';

interface ItemActionsProps {
  readonly item: Item;
  readonly job: Job | undefined;
  readonly result: Artifact | undefined;
  readonly compact?: boolean;
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
      <RunButtons item={item} job={job} size={size} />
    </>
  );
}
