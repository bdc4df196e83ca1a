/** Opens a picture for a stage: what it is, how large, how many frames, within limits, before any pixel is decoded. */
import { open, readFile, stat } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp';
import { isCutOff } from '../../common/picture-structure.ts';
import { type ReadAt, readFrom } from '../../common/tiff-tags.ts';
import { MillraceError } from '../../contract/errors.ts';
import { decodeBmp, isBmp, type RawPicture } from './image-bmp.ts';
import { pictureError } from './image-errors.ts';
import type { Size } from './image-placement.ts';

export interface PictureLimits {
  /** Of one frame. */
  readonly maxPixels: number;
  readonly maxFrames: number;
  /** Of all frames of an animation together. */
  readonly maxAnimationPixels: number;
  /** Of all pages of a TIFF together, which are cheaper to write. */
  readonly maxDocumentPixels: number;
}

export const defaultPictureLimits: PictureLimits = {
  maxPixels: 300_000_000,
  maxFrames: 2_000,
  maxAnimationPixels: 600_000_000,
  maxDocumentPixels: 3_000_000_000,
};

export interface Picture {
  /** As the decoder names it; `bmp` for what is decoded here. */
  readonly format: string;
  readonly metadata: Metadata;
  /** One frame, upright, px. */
  readonly size: Size;
  readonly frames: number;
  /** All frames are of one size and upright, so that they can be worked on as one strip. */
  readonly uniform: boolean;
  /** EXIF orientation is to be applied. Not so for animations, where viewers do not look at it. */
  readonly turns: boolean;
  readonly lossless: boolean;
  /** A new pipeline over the picture. Without options: all frames. */
  pipeline(options?: SharpOptions): Sharp;
  /** True when the file ends before the picture does. */
  isCutOff(): Promise<boolean>;
}

/** Files up to this size are read once; larger ones are left on the disk. */
const inMemoryBytes = 32 << 20;
const headBytes = 4_096;

/** WebP: the first picture chunk tells. */
function isLosslessWebp(head: Buffer): boolean {
  const lossless = head.indexOf('VP8L');
  const lossy = head.indexOf('VP8 ');
  return lossless >= 0 && (lossy < 0 || lossless < lossy);
}

/** Text is never given to a decoder: the only pictures that are text are drawings, which may refer to other files. */
function refuseText(head: Buffer): void {
  const start = head.toString('latin1', 0, 256).replace(/^(?:\xef\xbb\xbf)?\s+|^\xef\xbb\xbf/, '');
  if (!start.startsWith('<')) return;
  throw new MillraceError(/<svg[\s>]/i.test(head.toString('utf8')) ? 'input_svg_unsupported' : 'input_not_media');
}

function checkFrames(size: Size, frames: number, isDocument: boolean, limits: PictureLimits): void {
  const pixels = size.width * size.height;
  if (pixels > limits.maxPixels) {
    throw new MillraceError('input_too_many_pixels', undefined, { ...size, maxPixels: limits.maxPixels });
  }
  const maxTotal = isDocument ? limits.maxDocumentPixels : limits.maxAnimationPixels;
  if (frames <= limits.maxFrames && (frames === 1 || pixels * frames <= maxTotal)) return;
  throw new MillraceError('input_too_many_frames', undefined, {
    frames,
    ...size,
    maxFrames: Math.min(limits.maxFrames, Math.floor(maxTotal / pixels)),
  });
}

async function openBmp(path: string, head: Buffer, limits: PictureLimits): Promise<Picture> {
  // The header decides about the size before the file is read as a whole.
  decodeHeaderOnly(head, limits.maxPixels);
  const raw: RawPicture = decodeBmp(await readFile(path), limits.maxPixels);
  const { width, height, channels } = raw;
  const pipeline = (): Sharp => sharp(raw.data, { raw: { width, height, channels }, limitInputPixels: false });
  return {
    format: 'bmp',
    metadata: await pipeline().metadata(),
    size: { width, height },
    frames: 1,
    uniform: true,
    turns: false,
    lossless: true,
    pipeline,
    isCutOff: async () => false,
  };
}

function decodeHeaderOnly(head: Buffer, maxPixels: number): void {
  const width = head.readUInt32LE(14) === 12 ? head.readUInt16LE(18) : Math.abs(head.readInt32LE(18));
  const height = head.readUInt32LE(14) === 12 ? head.readUInt16LE(20) : Math.abs(head.readInt32LE(22));
  if (width * height > maxPixels)
    throw new MillraceError('input_too_many_pixels', undefined, { width, height, maxPixels });
}

/**
 * Opens a picture file.
 * @throws MillraceError input_empty, input_not_media, input_svg_unsupported, input_truncated, input_damaged,
 * input_too_many_pixels, input_too_many_frames
 */
export async function openPicture(path: string, limits: PictureLimits): Promise<Picture> {
  const { size: sizeBytes } = await stat(path);
  if (sizeBytes === 0) throw new MillraceError('input_empty');
  const bytes = sizeBytes <= inMemoryBytes ? await readFile(path) : undefined;
  const readAt = bytes === undefined ? readFileAt(path) : readFrom(bytes);
  const head = await readAt(0, headBytes);
  refuseText(head);
  if (isBmp(head)) return openBmp(path, head, limits);
  const options: SharpOptions = { limitInputPixels: limits.maxPixels, failOn: 'warning' };
  const source = bytes ?? path;
  const cutOff = (mediaType: string): Promise<boolean> => isCutOff(readAt, sizeBytes, mediaType);
  const metadata = await sharp(source, options)
    .metadata()
    .catch(async (thrown: unknown) => {
      const error = pictureError(thrown);
      const guess = error instanceof MillraceError && error.code !== 'input_too_many_pixels' && sniff(head);
      throw guess && (await cutOff(guess)) ? new MillraceError('input_truncated') : error;
    });
  const frames = ['gif', 'webp', 'tiff'].includes(metadata.format) ? (metadata.pages ?? 1) : 1;
  const turns = frames === 1 || metadata.format === 'tiff';
  const { width, height } = turns ? metadata.autoOrient : metadata;
  checkFrames({ width, height }, frames, metadata.format === 'tiff', limits);
  const mediaType = sniff(head);
  if (metadata.format === 'gif' && (await cutOff('image/gif'))) throw new MillraceError('input_truncated');
  const uniform = frames === 1 || metadata.format !== 'tiff' || (await isStrip(source, options));
  const base: SharpOptions = frames === 1 ? options : { ...options, pages: -1, limitInputPixels: false };
  return {
    format: metadata.format,
    metadata,
    size: { width, height },
    frames,
    uniform,
    turns,
    lossless: metadata.format === 'webp' && isLosslessWebp(head),
    // A page alone may be larger than the first one, by which the whole was judged.
    pipeline: (more = {}) => sharp(source, { ...base, ...(more.page !== undefined && options), ...more }),
    isCutOff: async () => mediaType !== undefined && cutOff(mediaType),
  };
}

/** True when libvips takes the pages of a document as one strip, and none is turned. */
async function isStrip(source: string | Buffer, options: SharpOptions): Promise<boolean> {
  try {
    const strip = await sharp(source, { ...options, pages: -1, limitInputPixels: false }).metadata();
    return (strip.orientation ?? 1) === 1;
  } catch {
    return false;
  }
}

/** Which structure check a file is for, by its first bytes. */
function sniff(head: Buffer): string | undefined {
  const text = head.toString('latin1', 0, 12);
  if (text.startsWith('\xff\xd8')) return 'image/jpeg';
  if (text.startsWith('\x89PNG')) return 'image/png';
  if (text.startsWith('GIF8')) return 'image/gif';
  if (text.startsWith('RIFF') && text.endsWith('WEBP')) return 'image/webp';
  if (text.startsWith('II') || text.startsWith('MM')) return 'image/tiff';
  return text.slice(4, 8) === 'ftyp' ? 'image/avif' : undefined;
}

function readFileAt(path: string): ReadAt {
  return async (offset, length) => {
    const handle = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  };
}
