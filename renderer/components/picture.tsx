/** A picture of the hub that shows itself softly, keeps its address while it is on screen, and tells when there is none. */
import { IconPhotoOff } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMedia } from '../media.ts';
import classes from './picture.module.css';

interface PictureProps {
  readonly sha256: string | null;
  /** Longest edge wanted, px. */
  readonly sizePx: number;
  readonly alt: string;
  readonly className?: string | undefined;
  readonly fit?: 'cover' | 'contain';
  readonly draggable?: boolean;
}

/** Sizes that thumbnails are asked for, so that few are made. */
const sizes = [160, 320, 640, 1_280, 2_048] as const;
const sizeFor = (px: number): number => sizes.find((size) => size >= px * Math.min(2, devicePixelRatio)) ?? 2_048;

export function Picture(props: PictureProps) {
  const media = useMedia();
  const { t } = useTranslation();
  const { sha256, alt, className, sizePx, fit = 'cover' } = props;
  if (sha256 === null)
    return (
      <span className={`${classes['none']} ${className ?? ''}`} role="img" aria-label={alt || t('item.noPreview')}>
        <IconPhotoOff size={22} stroke={1.5} aria-hidden />
      </span>
    );
  if (media === null) return <span className={`${classes['frame']} ${className ?? ''}`} />;
  return (
    <Loaded
      key={sha256}
      address={media.thumbnail(sha256, sizeFor(sizePx))}
      alt={alt}
      className={className}
      fit={fit}
      draggable={props.draggable ?? false}
    />
  );
}

interface LoadedProps {
  readonly address: string;
  readonly alt: string;
  readonly className: string | undefined;
  readonly fit: 'cover' | 'contain';
  readonly draggable: boolean;
}

function Loaded({ address, alt, className, fit, draggable }: LoadedProps) {
  // A renewed ticket must not load every picture again: the first address stays, the newest is the second try.
  const [first] = useState(address);
  const [state, setState] = useState<'loading' | 'shown' | 'again' | 'failed'>('loading');
  const { t } = useTranslation();
  if (state === 'failed')
    return (
      <span className={`${classes['none']} ${className ?? ''}`} role="img" aria-label={alt || t('item.noPreview')}>
        <IconPhotoOff size={22} stroke={1.5} aria-hidden />
      </span>
    );
  return (
    <span className={`${classes['frame']} ${className ?? ''}`}>
      <img
        src={state === 'again' ? address : first}
        alt={alt}
        decoding="async"
        loading="lazy"
        draggable={draggable}
        className={classes['image']}
        data-shown={state === 'shown' || undefined}
        data-fit={fit}
        onLoad={() => setState('shown')}
        onError={() => setState(state === 'loading' && address !== first ? 'again' : 'failed')}
      />
    </span>
  );
}
