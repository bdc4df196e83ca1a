/** A drawing of a picture with the mark on it, true to size, place, distance and opacity. */
import { useTranslation } from 'react-i18next';
import type { WatermarkChoice } from '../../uploads/order.ts';
import classes from './staged-card.module.css';

/** The drawing stands for a picture of 1500 × 1000 px. */
const width = 300;
const height = 200;
const scale = 5;

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Top-left of the mark in the drawing. */
function placeOf({ corner, padding }: WatermarkChoice, box: { width: number; height: number }): Place {
  const pad = padding / scale;
  if (corner === 'center') return { x: (width - box.width) / 2, y: (height - box.height) / 2 };
  return {
    x: corner.endsWith('left') ? pad : width - box.width - pad,
    y: corner.startsWith('top') ? pad : height - box.height - pad,
  };
}

export function WatermarkDrawing({ watermark }: { readonly watermark: WatermarkChoice }) {
  const { t } = useTranslation();
  // The mark is fitted into a box of that share of width and height; a square one is as large as the lower side allows.
  const side = (height * watermark.size) / 100;
  const place = placeOf(watermark, { width: side, height: side });
  const gap = side + Math.max(4, watermark.padding / scale);
  return (
    <svg viewBox={`0 0 ${width} ${height}`} className={classes['stage']} role="img" aria-label={t('watermark.preview')}>
      <defs>
        <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stopColor="#7fb3c8" />
          <stop offset="0.62" stopColor="#d9e2d4" />
        </linearGradient>
        <symbol id="wheel" viewBox="0 0 32 32">
          <circle cx="16" cy="16" r="15.5" fill="#0d3b3a" />
          <g fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round">
            <circle cx="16" cy="16" r="7" />
            <path d="M16 4.5v23M4.5 16h23M7.9 7.9l16.2 16.2M24.1 7.9 7.9 24.1" />
          </g>
        </symbol>
        <pattern id="tiles" width={gap} height={gap} patternUnits="userSpaceOnUse">
          <use href="#wheel" width={side} height={side} />
        </pattern>
      </defs>
      <rect width={width} height={height} fill="url(#sky)" />
      <path d="M0 140 60 92l44 34 62-66 84 76 50-30v94H0z" fill="#5d7f78" />
      <path d="M0 172c60-26 110 10 160-8s96-16 140 4v32H0z" fill="#34564f" />
      <g opacity={watermark.opacity}>
        {watermark.tile ? (
          <rect width={width} height={height} fill="url(#tiles)" />
        ) : (
          <use href="#wheel" x={place.x} y={place.y} width={side} height={side} />
        )}
      </g>
    </svg>
  );
}
