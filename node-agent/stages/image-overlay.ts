/** What is laid on a picture: the mark at its place, once or many times, on one frame or on all frames of a strip. */
import type { OverlayOptions } from 'sharp';
import { type Mark, rawOf } from './image-mark.ts';
import { type Box, type Size, tileOrigins } from './image-placement.ts';

/** A transparent canvas with the mark at each origin; what hangs over the right and lower edge is cut. */
function canvasWith(mark: Mark, canvas: Size, origins: readonly { x: number; y: number }[]): Mark {
  const samples = Buffer.alloc(canvas.width * canvas.height * 4);
  for (const { x, y } of origins) {
    const columns = Math.min(mark.width, canvas.width - x);
    const rows = Math.min(mark.height, canvas.height - y);
    for (let row = 0; row < rows; row++) {
      const from = row * mark.width * 4;
      samples.set(mark.samples.subarray(from, from + columns * 4), ((y + row) * canvas.width + x) * 4);
    }
  }
  return { samples, width: canvas.width, height: canvas.height };
}

const repeated = (cell: Mark): OverlayOptions[] => [
  { input: cell.samples, raw: rawOf(cell), tile: true, gravity: 'northwest' },
];

/**
 * Overlays for `composite`.
 * @param frame size of one frame; frames lie below each other in the strip that sharp works on
 * @param box where the (first) mark lies in each frame
 */
export function overlays(mark: Mark, frame: Size, box: Box, frames: number, tile: boolean): OverlayOptions[] {
  if (frames > 1) return repeated(canvasWith(mark, frame, tile ? tileOrigins(frame, box) : [box]));
  if (!tile) return [{ input: mark.samples, raw: rawOf(mark), left: box.x, top: box.y }];
  // One cell of the grid: the mark with its padding to the left and above; the last ones are cut by the picture's edge.
  const cell = {
    width: Math.min(frame.width, box.x + mark.width),
    height: Math.min(frame.height, box.y + mark.height),
  };
  return repeated(canvasWith(mark, cell, [box]));
}
