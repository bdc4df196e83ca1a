/** Where files go in: large while the farm is idle, a strip while it works. The whole window takes drops besides. */
import { Button } from '@mantine/core';
import { IconDropletDown, IconFolder, IconPhotoPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { chooseFilesId, chooseFolderId, useFilePicker } from '../../app/use-file-picker.ts';
import type { Staged } from '../../uploads/staging.ts';
import classes from './drop-page.module.css';

export function DropField({ strip, staged }: { readonly strip: boolean; readonly staged: Staged }) {
  const { t } = useTranslation();
  const picker = useFilePicker();
  const note =
    staged.kind === 'reading'
      ? t('drop.reading', { count: staged.count })
      : staged.kind === 'empty'
        ? t('drop.nothingIn')
        : null;
  return (
    <section className={classes['field']} data-strip={strip || undefined}>
      <IconDropletDown size={48} stroke={1.2} aria-hidden className={classes['fieldIcon']} />
      <div>
        <h2 className={classes['fieldTitle']}>{strip ? t('drop.fieldStrip') : t('drop.fieldTitle')}</h2>
        {(!strip || note !== null) && (
          <p className={classes['fieldText']} role={note === null ? undefined : 'status'}>
            {note ?? t('drop.fieldText')}
          </p>
        )}
      </div>
      <div className={classes['buttons']}>
        <Button
          id={chooseFilesId}
          variant={strip ? 'default' : 'filled'}
          size={strip ? 'xs' : 'sm'}
          leftSection={<IconPhotoPlus size={17} aria-hidden />}
          onClick={picker.chooseFiles}
        >
          {t('drop.chooseFiles')}
        </Button>
        <Button
          id={chooseFolderId}
          variant="default"
          size={strip ? 'xs' : 'sm'}
          leftSection={<IconFolder size={17} aria-hidden />}
          onClick={picker.chooseFolder}
        >
          {t('drop.chooseFolder')}
        </Button>
      </div>
    </section>
  );
}
