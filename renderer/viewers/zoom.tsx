/** Zooming a picture in its frame: buttons, and the wheel with Ctrl or Cmd. */
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { IconZoomIn, IconZoomOut } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../format.ts';
import classes from './before-after.module.css';

export interface Zoom {
  readonly factor: number;
  readonly frame: React.RefObject<HTMLDivElement | null>;
  set(factor: number): void;
}

const steps = [1, 1.5, 2, 3, 4, 6, 8] as const;
const nextUp = (factor: number) => steps.find((step) => step > factor + 0.01) ?? 8;
const nextDown = (factor: number) => steps.findLast((step) => step < factor - 0.01) ?? 1;

export function useZoom(): Zoom {
  const [factor, setFactor] = useState(1);
  const frame = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    // React listens to wheels passively, which cannot stop the page from zooming instead.
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      setFactor((before) => Math.min(8, Math.max(1, before * Math.exp(-event.deltaY / 400))));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, []);

  const set = (next: number) => {
    const element = frame.current;
    const centre =
      element === null
        ? null
        : {
            x: (element.scrollLeft + element.clientWidth / 2) / factor,
            y: (element.scrollTop + element.clientHeight / 2) / factor,
          };
    setFactor(next);
    if (element === null || centre === null) return;
    requestAnimationFrame(() =>
      element.scrollTo(centre.x * next - element.clientWidth / 2, centre.y * next - element.clientHeight / 2),
    );
  };
  return { factor, frame, set };
}

export function ZoomBar({ zoom }: { readonly zoom: Zoom }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className={classes['zoom']}>
      <Tooltip label={t('item.zoomOut')}>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t('item.zoomOut')}
          disabled={zoom.factor <= 1}
          onClick={() => zoom.set(nextDown(zoom.factor))}
        >
          <IconZoomOut size={18} />
        </ActionIcon>
      </Tooltip>
      <span className={`figures ${classes['factor']}`}>{format.percent(zoom.factor)}</span>
      <Tooltip label={t('item.zoomIn')}>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t('item.zoomIn')}
          disabled={zoom.factor >= 8}
          onClick={() => zoom.set(nextUp(zoom.factor))}
        >
          <IconZoomIn size={18} />
        </ActionIcon>
      </Tooltip>
      {zoom.factor !== 1 && (
        <Button variant="subtle" size="compact-sm" onClick={() => zoom.set(1)}>
          {t('item.fit')}
        </Button>
      )}
    </div>
  );
}
