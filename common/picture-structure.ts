/**
 * Tells by structure alone whether a picture file was cut off, without decoding: for the hub, which refuses such files at the door,
 * and for nodes, whose decoders report cut and damaged files in the same words. In doubt a file counts as whole.
 */
import { type ReadAt, readTiffDirectory, readTiffLayout, TiffCutOff, tiffNumbers } from './tiff-tags.ts';

const tailBytes = 65_536;
/** Reads of a chunk walk at most; a file with more chunks is left to the decoder. */
const maxChunks = 20_000;
/** How far a GIF is read; what lies behind is left to the decoder. */
const gifWalkBytes = 1 << 26;

/** The end of image, or anything that cannot be within entropy-coded data, shows that the picture ended before. */
async function jpegCutOff(readAt: ReadAt, sizeBytes: number): Promise<boolean> {
  const tail = await readAt(Math.max(0, sizeBytes - tailBytes), tailBytes);
  if (tail.lastIndexOf(Buffer.from([0xff, 0xd9])) >= 0) return false;
  let escapes = 0;
  for (let at = tail.indexOf(0xff); at >= 0 && at + 1 < tail.length; at = tail.indexOf(0xff, at + 1)) {
    const next = tail[at + 1] ?? 0;
    const restart = next >= 0xd0 && next <= 0xd7;
    const betweenScans = next === 0xc4 || next === 0xda || next === 0xdb || next === 0xdd;
    const inHead = next === 0xd8 || next === 0xc0 || next === 0xc2 || (next >= 0xe0 && next <= 0xef) || next === 0xfe;
    if (next === 0x00) escapes++;
    else if (next !== 0xff && !restart && !betweenScans && !(inHead && sizeBytes <= tailBytes)) return false;
  }
  return escapes > 0 || sizeBytes <= tailBytes;
}

async function pngCutOff(readAt: ReadAt, sizeBytes: number): Promise<boolean> {
  const tail = await readAt(Math.max(0, sizeBytes - tailBytes), tailBytes);
  if (tail.lastIndexOf('IEND') >= 0) return false;
  let offset = 8;
  for (let n = 0; n < maxChunks; n++) {
    const head = await readAt(offset, 8);
    if (head.length < 8) return true;
    if (head.toString('latin1', 4, 8) === 'IEND') return false;
    offset += 12 + head.readUInt32BE(0);
  }
  return false;
}

async function riffCutOff(readAt: ReadAt, sizeBytes: number): Promise<boolean> {
  const head = await readAt(0, 12);
  return head.length < 12 || head.readUInt32LE(4) + 8 > sizeBytes;
}

/** Blocks run on past the end of the file. A missing trailer alone is forgiven, as by every viewer. */
async function gifCutOff(readAt: ReadAt, sizeBytes: number): Promise<boolean> {
  const screen = await readAt(0, 13);
  if (screen.length < 13) return true;
  const tableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 << ((flags & 7) + 1));
  let offset = 13 + tableBytes(screen[10] ?? 0);
  // One window over the file: blocks are at most 256 bytes long, and a read for each would be slow.
  let window: Buffer = Buffer.alloc(0);
  let windowAt = 0;
  const byteAt = async (at: number): Promise<number | undefined> => {
    if (at < windowAt || at >= windowAt + window.length) {
      window = await readAt(at, 1 << 20);
      windowAt = at;
    }
    return window[at - windowAt];
  };
  while (offset < Math.min(sizeBytes, gifWalkBytes)) {
    const block = await byteAt(offset);
    if (block === 0x3b) return false;
    // Something else after the last frame: not the picture's.
    if (block !== 0x21 && block !== 0x2c) return false;
    if (block === 0x21) offset += 2;
    else {
      const flags = await byteAt(offset + 9);
      if (flags === undefined) return true;
      offset += 10 + tableBytes(flags) + 1;
    }
    for (;;) {
      const length = await byteAt(offset);
      if (length === undefined) return true;
      offset += 1 + length;
      if (length === 0) break;
    }
  }
  return offset > sizeBytes;
}

/** Page directories that are looked at. */
const maxPages = 1_000;
/** Values without which no pixel can be decoded: bits a sample, colour map, sample format, JPEG tables. */
const neededTags = [0x0102, 0x0140, 0x0153, 0x015b];
const stripOffsets = [0x0111, 0x0144] as const;
const stripCounts = [0x0117, 0x0145] as const;

async function tiffCutOff(readAt: ReadAt, sizeBytes: number): Promise<boolean> {
  const layout = await readTiffLayout(readAt);
  if (layout === undefined) return sizeBytes < 8;
  try {
    let offset = layout.first;
    for (let page = 0; page < maxPages && offset !== 0; page++) {
      const directory = await readTiffDirectory(readAt, layout, offset);
      for (const tag of neededTags) {
        const entry = directory.entries.get(tag);
        if (entry !== undefined && entry.valueOffset + entry.valueBytes > sizeBytes) return true;
      }
      for (const kind of [0, 1] as const) {
        const starts = await tiffNumbers(readAt, layout, directory.entries.get(stripOffsets[kind]));
        const counts = await tiffNumbers(readAt, layout, directory.entries.get(stripCounts[kind]));
        if (starts.some((start, n) => start + (counts[n] ?? 0) > sizeBytes)) return true;
      }
      offset = directory.next;
    }
    return false;
  } catch (error) {
    if (error instanceof TiffCutOff) return true;
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const topBoxes = new Set(['ftyp', 'styp', 'meta', 'mdat', 'moov', 'moof', 'free', 'skip', 'uuid', 'idat', 'sidx']);

/** A top-level box that runs past the end (AVIF, HEIC). */
async function boxesCutOff(readAt: ReadAt, sizeBytes: number): Promise<boolean> {
  let offset = 0;
  for (let n = 0; n < 1_000 && offset < sizeBytes; n++) {
    const head = await readAt(offset, 16);
    if (head.length < 8) return true;
    const size32 = head.readUInt32BE(0);
    // 0: up to the end of the file.
    if (size32 === 0) return false;
    if (size32 === 1 && head.length < 16) return true;
    const size = size32 === 1 ? Number(head.readBigUInt64BE(8)) : size32;
    // Zeros or text after the last box: not the picture's.
    if (size < 8 || !topBoxes.has(head.toString('latin1', 4, 8))) return false;
    offset += size;
  }
  return offset > sizeBytes;
}

const checks: Readonly<Record<string, (readAt: ReadAt, sizeBytes: number) => Promise<boolean>>> = {
  'image/jpeg': jpegCutOff,
  'image/png': pngCutOff,
  'image/apng': pngCutOff,
  'image/webp': riffCutOff,
  'image/gif': gifCutOff,
  'image/tiff': tiffCutOff,
  'image/avif': boxesCutOff,
  'image/heic': boxesCutOff,
  'image/heif': boxesCutOff,
};

/**
 * True when the file surely ends before its picture does. Reads little; a GIF is read through, up to 64 MiB.
 * @param mediaType as found in the content; false for types that are not known here
 */
export async function isCutOff(readAt: ReadAt, sizeBytes: number, mediaType: string): Promise<boolean> {
  return (await checks[mediaType]?.(readAt, sizeBytes)) ?? false;
}
