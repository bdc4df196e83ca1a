/** What can be done with the selected items. */
import { Button, CloseButton } from '@mantine/core';
import { IconFolderDown, IconRotateClockwise } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useRunAgain } from '../../components/use-run-again.ts';
import { useSaveResults } from '../../components/use-save-results.ts';
import classes from './library.module.css';
import type { Selection } from './use-selection.ts';

export function SelectionBar({ selection }: { readonly selection: Selection }) {
  const { t } = useTranslation();
  const save = useSaveResults();
  const runAgain = useRunAgain();
  const ids = [...selection.ids];
  return (
    <div className={classes['selectionBar']} role="toolbar" aria-label={t('library.selected', { count: ids.length })}>
      <strong className="figures">{t('library.selected', { count: ids.length })}</strong>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconRotateClockwise size={16} aria-hidden />}
        loading={runAgain.isPending}
        onClick={() => runAgain.mutate({ itemIds: ids }, { onSuccess: selection.clear })}
      >
        {t('library.runAgain')}
      </Button>
      <Button
        size="xs"
        leftSection={<IconFolderDown size={16} aria-hidden />}
        loading={save.progress !== null}
        onClick={() => void save.saveItems(ids)}
      >
        {t('library.save')}
      </Button>
      {save.progress !== null && <span className="figures">{t('library.saving', save.progress)}</span>}
      <CloseButton aria-label={t('library.clearSelection')} onClick={selection.clear} />
    </div>
  );
}
