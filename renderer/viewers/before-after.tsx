/** The picture before and after: a divider moved by pointer or keys, and zoom. The result can be dragged out of the window. */
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Artifact } from '../../contract/item.ts';
import { isShownByBrowser, useMedia } from '../media.ts';
import classes from './before-after.module.css';
import { DragOut } from './drag-out.tsx';
import type { ViewerProps } from './index.tsx';
import { useZoom, ZoomBar } from './zoom.tsx';

const previewPx = 2_048;

export function BeforeAfter({ item, result }: ViewerProps) {
  const { t } = useTranslation();
  const zoom = useZoom();
  const [percent, setPercent] = useState(50);
  const before = usePictureAddress(item.sha256, item.mediaType, zoom.factor > 1);
  const after = usePictureAddress(result?.sha256 ?? item.sha256, result?.mediaType ?? item.mediaType, zoom.factor > 1);
  if (before === null || after === null) return <div className={classes['frame']} />;
  const ratio = item.width !== null && item.height !== null ? item.width / item.height : 4 / 3;
  const style = {
    '--ratio': String(ratio),
    '--zoom': String(zoom.factor),
    '--split': `${percent}%`,
  } as React.CSSProperties;
  return (
    <figure className={classes['figure']} style={style}>
      <div className={classes['frame']} ref={zoom.frame} data-zoomed={zoom.factor > 1 || undefined}>
        <div className={classes['canvas']}>
          <img
            src={after}
            alt={t(result ? 'item.afterAlt' : 'item.picture', { name: item.name })}
            className={classes['image']}
            draggable={false}
          />
          {result && (
            <>
              <img
                src={before}
                alt={t('item.beforeAlt', { name: item.name })}
                className={`${classes['image']} ${classes['before']}`}
                draggable={false}
              />
              <span
                className={`${classes['label']} ${classes['left']}`}
                aria-hidden
                data-hidden={percent < 14 || undefined}
              >
                {t('item.before')}
              </span>
              <span
                className={`${classes['label']} ${classes['right']}`}
                aria-hidden
                data-hidden={percent > 86 || undefined}
              >
                {t('item.after')}
              </span>
              <input
                type="range"
                className={classes['range']}
                min={0}
                max={100}
                step={1}
                value={percent}
                aria-label={t('item.divider')}
                aria-valuetext={t('item.dividerValue', { percent })}
                onChange={(event) => setPercent(Number(event.currentTarget.value))}
              />
              <span className={classes['divider']} aria-hidden>
                <span className={classes['grip']} />
              </span>
            </>
          )}
        </div>
      </div>
      <figcaption className={classes['bar']}>
        <ZoomBar zoom={zoom} />
        {result && <DragOut result={result satisfies Artifact} />}
      </figcaption>
    </figure>
  );
}

/** A large preview; the file itself when it is looked at closely and the browser can show it. The address stays while it is shown. */
function usePictureAddress(sha256: string, mediaType: string, close: boolean): string | null {
  const media = useMedia();
  const [kept, setKept] = useState<{ key: string; address: string } | null>(null);
  const original = close && isShownByBrowser(mediaType);
  const key = `${sha256}/${original}`;
  if (media !== null && kept?.key !== key) {
    const address = original ? media.blob(sha256) : media.thumbnail(sha256, previewPx);
    setKept({ key, address });
    return address;
  }
  return kept?.address ?? null;
}
