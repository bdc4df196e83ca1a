/** Where a mark goes on a picture and how large it is: pure arithmetic in pixels of the upright picture. */
import type { z } from 'zod';
import type { watermarkOptionsSchema } from '../../contract/stages/watermark.ts';

export type WatermarkOptions = z.output<typeof watermarkOptionsSchema>;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box extends Size {
  readonly x: number;
  readonly y: number;
}

const between = (low: number, value: number, high: number): number => Math.max(low, Math.min(value, high));

/**
 * The size of the mark: as large as fits a box of `sizePercent` of the picture's width and height, aspect kept, scaled up or
 * down; at least one pixel each way.
 */
export function markSize(picture: Size, logo: Size, sizePercent: number): Size {
  const box = {
    width: Math.max(1, Math.round((picture.width * sizePercent) / 100)),
    height: Math.max(1, Math.round((picture.height * sizePercent) / 100)),
  };
  const scale = Math.min(box.width / logo.width, box.height / logo.height);
  return {
    width: between(1, Math.round(logo.width * scale), box.width),
    height: between(1, Math.round(logo.height * scale), box.height),
  };
}

/**
 * Where the mark lies. A padding that would push it out of the picture is cut to what is there, so that it is always whole.
 * When tiled: the first of the grid, top-left, with the padding around each one.
 */
export function markBox(
  picture: Size,
  logo: Size,
  options: Pick<WatermarkOptions, 'size' | 'corner' | 'padding' | 'tile'>,
): Box {
  const mark = markSize(picture, logo, options.size);
  const free = { x: picture.width - mark.width, y: picture.height - mark.height };
  const near = { x: Math.min(options.padding, free.x), y: Math.min(options.padding, free.y) };
  if (options.tile) return { ...near, ...mark };
  if (options.corner === 'center') return { x: Math.floor(free.x / 2), y: Math.floor(free.y / 2), ...mark };
  const [vertical, horizontal] = options.corner.split('-');
  return {
    x: horizontal === 'left' ? near.x : free.x - near.x,
    y: vertical === 'top' ? near.y : free.y - near.y,
    ...mark,
  };
}

/** The upper left corners of all marks of a tiled picture, the first being `first`; those at the far edges are cut by it. */
export function tileOrigins(picture: Size, first: Box): { x: number; y: number }[] {
  const step = { x: first.width + Math.max(first.x, 0), y: first.height + Math.max(first.y, 0) };
  const origins: { x: number; y: number }[] = [];
  for (let y = first.y; y < picture.height; y += step.y) {
    for (let x = first.x; x < picture.width; x += step.x) origins.push({ x, y });
  }
  return origins;
}
