/** The upright size of a picture from its header alone, in JavaScript: the hub runs no native decoder on what comes from outside. */
import { imageSize } from 'image-size';
import {
  type ReadAt,
  readFrom,
  readTiffDirectory,
  readTiffLayout,
  tiffNumbers,
  tiffOrientation,
} from '../../../common/tiff-tags.ts';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

const maxSegments = 2_000;
const exifMark = Buffer.from('Exif\0\0', 'latin1');

const upright = (size: PictureSize, orientation: number): PictureSize =>
  orientation >= 5 ? { width: size.height, height: size.width } : size;

/** Walks the segments up to the frame header: profiles and previews before it may take megabytes. */
async function jpegSize(readAt: ReadAt): Promise<PictureSize | undefined> {
  let orientation = 1;
  let offset = 2;
  for (let n = 0; n < maxSegments; n++) {
    const head = await readAt(offset, 9);
    if (head.length < 4) return undefined;
    const marker = head[1] ?? 0;
    if (head[0] !== 0xff || marker === 0xff) {
      offset++;
      continue;
    }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      offset += 2;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      if (head.length < 9) return undefined;
      return upright({ width: head.readUInt16BE(7), height: head.readUInt16BE(5) }, orientation);
    }
    if (marker === 0xda || marker === 0xd9) return undefined;
    const length = head.readUInt16BE(2);
    if (marker === 0xe1 && orientation === 1) {
      const exif = await readAt(offset + 4, length - 2);
      if (exif.subarray(0, 6).equals(exifMark)) orientation = await tiffOrientation(readFrom(exif.subarray(6)));
    }
    offset += 2 + length;
  }
  return undefined;
}

async function tiffSize(readAt: ReadAt): Promise<PictureSize | undefined> {
  const layout = await readTiffLayout(readAt);
  if (layout === undefined) return undefined;
  const { entries } = await readTiffDirectory(readAt, layout, layout.first);
  const number = async (tag: number): Promise<number | undefined> =>
    (await tiffNumbers(readAt, layout, entries.get(tag), 1))[0];
  const width = await number(0x0100);
  const height = await number(0x0101);
  if (width === undefined || height === undefined) return undefined;
  return upright({ width, height }, (await number(0x0112)) ?? 1);
}

/** EXIF in a PNG: chunk `eXIf`, before or after the pixels. */
async function pngOrientation(readAt: ReadAt, sizeBytes: number): Promise<number> {
  for (const part of [await readAt(0, headBytes), await readAt(Math.max(0, sizeBytes - tailBytes), tailBytes)]) {
    const at = part.indexOf('eXIf');
    if (at >= 4) return tiffOrientation(readFrom(part.subarray(at + 4, at + 4 + part.readUInt32BE(at - 4))));
  }
  return 1;
}

async function webpOrientation(readAt: ReadAt): Promise<number> {
  const head = await readAt(12, 9);
  const hasExif = head.toString('latin1', 0, 4) === 'VP8X' && ((head[8] ?? 0) & 0x08) !== 0;
  let offset = 12;
  for (let n = 0; hasExif && n < maxSegments; n++) {
    const chunk = await readAt(offset, 8);
    if (chunk.length < 8) break;
    const length = chunk.readUInt32LE(4);
    if (chunk.toString('latin1', 0, 4) === 'EXIF') {
      const exif = await readAt(offset + 8, Math.min(length, headBytes));
      return tiffOrientation(readFrom(exif.subarray(0, 6).equals(exifMark) ? exif.subarray(6) : exif));
    }
    offset += 8 + length + (length & 1);
  }
  return 1;
}

/** The quarter turns of an AVIF's `irot` box; its EXIF orientation does not count (HEIF says so). */
function boxOrientation(head: Buffer): number {
  const at = head.indexOf('irot');
  return at >= 0 && ((head[at + 4] ?? 0) & 1) === 1 ? 6 : 1;
}

const headBytes = 262_144;
const tailBytes = 65_536;

async function otherSize(readAt: ReadAt, sizeBytes: number, mediaType: string): Promise<PictureSize | undefined> {
  const head = await readAt(0, headBytes);
  const size = imageSize(head);
  if (mediaType === 'image/png' || mediaType === 'image/apng')
    return upright(size, await pngOrientation(readAt, sizeBytes));
  if (mediaType === 'image/webp') return upright(size, await webpOrientation(readAt));
  if (mediaType === 'image/avif') return upright(size, boxOrientation(head));
  // A negative height means rows from the top.
  return { width: Math.abs(size.width), height: Math.abs(size.height) };
}

/** The upright size in px, or undefined when the header cannot be read. Reads the head, small pieces, and at most 64 kB of the end. */
export async function readPictureSize(
  readAt: ReadAt,
  sizeBytes: number,
  mediaType: string,
): Promise<PictureSize | undefined> {
  try {
    const size =
      mediaType === 'image/jpeg'
        ? await jpegSize(readAt)
        : mediaType === 'image/tiff'
          ? await tiffSize(readAt)
          : await otherSize(readAt, sizeBytes, mediaType);
    return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
  } catch (error) {
    // System errors (the disk) are not the picture's; all else is a header that makes no sense.
    if (error instanceof Error && 'syscall' in error) throw error;
    return undefined;
  }
}
