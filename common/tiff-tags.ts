/** Reads the directories of TIFF files and EXIF blocks: tags and where their values lie. Owns no pixels. */

/** Up to `length` bytes at `offset`; fewer at the end of the file. */
export type ReadAt = (offset: number, length: number) => Promise<Buffer>;

/** Reads from bytes in memory. */
export function readFrom(bytes: Buffer): ReadAt {
  return async (offset, length) => bytes.subarray(offset, offset + length);
}

export interface TiffEntry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Where its values lie in the file. */
  readonly valueOffset: number;
  readonly valueBytes: number;
}

export interface TiffDirectory {
  readonly entries: ReadonlyMap<number, TiffEntry>;
  /** Where the offset of the next directory is written. */
  readonly nextField: number;
  /** Offset of the next directory, 0 for none. */
  readonly next: number;
}

export interface TiffLayout {
  readonly littleEndian: boolean;
  /** BigTIFF: 64-bit offsets. */
  readonly big: boolean;
  readonly first: number;
}

/** Bytes of one value by field type; types that are not known count as one byte. */
const typeBytes = [1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 1, 1, 8, 8, 8];

/** The file ends before something that it says it has. */
export class TiffCutOff extends Error {}

async function need(readAt: ReadAt, offset: number, length: number): Promise<DataView> {
  const bytes = await readAt(offset, length);
  if (bytes.length < length) throw new TiffCutOff(`The file ends before byte ${offset + length}.`);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The header, or undefined when this is not TIFF. */
export async function readTiffLayout(readAt: ReadAt): Promise<TiffLayout | undefined> {
  const head = await readAt(0, 16);
  if (head.length < 8) return undefined;
  const order = head.toString('latin1', 0, 2);
  if (order !== 'II' && order !== 'MM') return undefined;
  const littleEndian = order === 'II';
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const magic = view.getUint16(2, littleEndian);
  if (magic === 42) return { littleEndian, big: false, first: view.getUint32(4, littleEndian) };
  if (magic !== 43 || head.length < 16) return undefined;
  return { littleEndian, big: true, first: Number(view.getBigUint64(8, littleEndian)) };
}

/**
 * One directory.
 * @throws TiffCutOff when the file ends within it
 */
export async function readTiffDirectory(readAt: ReadAt, layout: TiffLayout, offset: number): Promise<TiffDirectory> {
  const { littleEndian, big } = layout;
  const countBytes = big ? 8 : 2;
  const entryBytes = big ? 20 : 12;
  const countView = await need(readAt, offset, countBytes);
  const count = big ? Number(countView.getBigUint64(0, littleEndian)) : countView.getUint16(0, littleEndian);
  if (count > 4_096) throw new RangeError('A directory with so many entries is none.');
  const start = offset + countBytes;
  const view = await need(readAt, start, count * entryBytes);
  const entries = new Map<number, TiffEntry>();
  for (let at = 0; at < count * entryBytes; at += entryBytes) {
    const type = view.getUint16(at + 2, littleEndian);
    const values = big ? Number(view.getBigUint64(at + 4, littleEndian)) : view.getUint32(at + 4, littleEndian);
    const valueBytes = values * (typeBytes[type] ?? 1);
    const field = at + (big ? 12 : 8);
    const inline = valueBytes <= (big ? 8 : 4);
    const pointer = big ? Number(view.getBigUint64(field, littleEndian)) : view.getUint32(field, littleEndian);
    const tag = view.getUint16(at, littleEndian);
    entries.set(tag, { tag, type, count: values, valueBytes, valueOffset: inline ? start + field : pointer });
  }
  const nextField = start + count * entryBytes;
  // EXIF writers leave the last pointer out now and then.
  const tail = await readAt(nextField, big ? 8 : 4);
  const next =
    tail.length < (big ? 8 : 4)
      ? 0
      : big
        ? Number(tail[littleEndian ? 'readBigUInt64LE' : 'readBigUInt64BE']())
        : tail[littleEndian ? 'readUInt32LE' : 'readUInt32BE']();
  return { entries, nextField, next };
}

/** The numbers of an entry of type SHORT, LONG or LONG8; at most `limit` of them. Empty for other types and no entry. */
export async function tiffNumbers(
  readAt: ReadAt,
  layout: TiffLayout,
  entry: TiffEntry | undefined,
  limit = 1 << 20,
): Promise<number[]> {
  if (entry === undefined) return [];
  const bytes = entry.type === 3 ? 2 : entry.type === 4 || entry.type === 13 ? 4 : entry.type === 16 ? 8 : 0;
  if (bytes === 0) return [];
  const count = Math.min(entry.count, limit);
  const view = await need(readAt, entry.valueOffset, count * bytes);
  return Array.from({ length: count }, (_, n) => {
    if (bytes === 2) return view.getUint16(n * 2, layout.littleEndian);
    if (bytes === 4) return view.getUint32(n * 4, layout.littleEndian);
    return Number(view.getBigUint64(n * 8, layout.littleEndian));
  });
}

/** EXIF orientation (1 to 8) of an EXIF block (from its `II` or `MM`) or a TIFF file's first page; 1 where it says nothing usable. */
export async function tiffOrientation(readAt: ReadAt): Promise<number> {
  try {
    const layout = await readTiffLayout(readAt);
    if (layout === undefined) return 1;
    const directory = await readTiffDirectory(readAt, layout, layout.first);
    const [orientation = 1] = await tiffNumbers(readAt, layout, directory.entries.get(0x0112), 1);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  } catch {
    // A broken EXIF block is no reason to refuse the picture; decoders pass over it too.
    return 1;
  }
}
