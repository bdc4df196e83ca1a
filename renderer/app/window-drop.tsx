/** Makes the whole window a drop target, shows that it is one, and takes files from the clipboard. */
import { IconDropletDown } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useParts } from '../parts.ts';
import { carriesFiles, filesOfTransfer } from '../uploads/files-of-drop.ts';
import classes from './window-drop.module.css';

export function WindowDrop() {
  const { t } = useTranslation();
  const { staging } = useParts();
  const navigate = useNavigate();
  const [over, setOver] = useState<number | null>(null);

  useEffect(() => {
    let depth = 0;
    const take = (transfer: DataTransfer) => {
      staging.add(filesOfTransfer(transfer, staging.reading));
      void navigate('/');
    };
    const onEnter = (event: DragEvent) => {
      if (!carriesFiles(event.dataTransfer)) return;
      depth += 1;
      setOver(event.dataTransfer?.items.length ?? 0);
    };
    const onLeave = (event: DragEvent) => {
      if (!carriesFiles(event.dataTransfer)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(null);
    };
    const onOver = (event: DragEvent) => {
      // Without this, a file dropped beside the target would replace the page.
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    };
    const onDrop = (event: DragEvent) => {
      depth = 0;
      setOver(null);
      event.preventDefault();
      if (event.dataTransfer !== null && carriesFiles(event.dataTransfer)) take(event.dataTransfer);
    };
    const onPaste = (event: ClipboardEvent) => {
      if (event.clipboardData === null || !carriesFiles(event.clipboardData)) return;
      event.preventDefault();
      take(event.clipboardData);
    };
    const listeners = { dragenter: onEnter, dragleave: onLeave, dragover: onOver, drop: onDrop };
    for (const [name, listener] of Object.entries(listeners)) window.addEventListener(name, listener as EventListener);
    window.addEventListener('paste', onPaste);
    return () => {
      for (const [name, listener] of Object.entries(listeners))
        window.removeEventListener(name, listener as EventListener);
      window.removeEventListener('paste', onPaste);
    };
  }, [staging, navigate]);

  if (over === null) return null;
  return (
    <div className={classes['overlay']} aria-hidden>
      <div className={classes['ring']}>
        <IconDropletDown size={56} stroke={1.2} />
        <strong>{t('drop.overlay')}</strong>
        {over > 0 && <span className="figures">{t('drop.overlayCount', { count: over })}</span>}
      </div>
    </div>
  );
}
