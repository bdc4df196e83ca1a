/** A handle to drag a result out of the window, under its real name; Download does the same by keyboard. */
import { IconGripVertical } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Artifact } from '../../contract/item.ts';
import { useMedia } from '../media.ts';
import { useParts } from '../parts.ts';
import classes from './before-after.module.css';

export function DragOut({ result }: { readonly result: Artifact }) {
  const { t } = useTranslation();
  const { shell } = useParts();
  const media = useMedia();
  const begin = (event: React.DragEvent) => {
    if (shell !== null) {
      event.preventDefault();
      shell.startDrag([{ sha256: result.sha256, name: result.name }]);
      return;
    }
    if (media === null) return;
    const address = media.blob(result.sha256, result.name);
    event.dataTransfer.setData('DownloadURL', `${result.mediaType}:${result.name.replaceAll(':', '_')}:${address}`);
    // Tells our own drop target that this comes from here.
    event.dataTransfer.setData('application/x-millrace', result.sha256);
    event.dataTransfer.effectAllowed = 'copy';
  };
  return (
    <span className={classes['drag']} draggable onDragStart={begin} aria-hidden>
      <IconGripVertical size={15} />
      {t('item.drag')}
    </span>
  );
}
