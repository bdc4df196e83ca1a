/** Documents (TIFF) whose pages differ in size or are turned: each page is written alone, and the files are joined to one. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ReadAt,
  readTiffDirectory,
  readTiffLayout,
  type TiffDirectory,
  type TiffEntry,
  type TiffLayout,
  tiffNumbers,
} from '../../common/tiff-tags.ts';
import { MillraceError } from '../../contract/errors.ts';
import type { Picture } from './image-source.ts';

/** Where the mark lies: [x, y, width, height]. */
type LogoBox = [number, number, number, number];

/** True when the frames cannot be worked on as one strip. */
export function needsPages(picture: Picture): boolean {
  return picture.format === 'tiff' && picture.frames > 1 && !picture.uniform;
}

const pixelOffsets = new Set([0x0111, 0x0144]);
const subDirectories = new Set([0x014a, 0x8769, 0x8825, 0xa005]);
const maxBytes = 0xffff_fff0;

/** One TIFF file being put together from whole ones. */
class TiffJoiner {
  readonly #handle: FileHandle;
  #end = 0;
  /** Where the offset of the next page goes. */
  #nextField = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async append(path: string): Promise<void> {
    const base = this.#end + (this.#end & 1);
    let at = base;
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      await this.#handle.write(chunk, 0, chunk.length, at);
      at += chunk.length;
    }
    this.#end = at;
    const readAt: ReadAt = async (offset, length) => {
      const { bytesRead, buffer } = await this.#handle.read(Buffer.alloc(length), 0, length, base + offset);
      return buffer.subarray(0, bytesRead);
    };
    const layout = await readTiffLayout(readAt);
    if (layout === undefined || layout.big || !layout.littleEndian) throw new TypeError('not a TIFF of ours');
    const directory = await readTiffDirectory(readAt, layout, layout.first);
    if (base > 0) {
      await this.#relocate(readAt, layout, directory, base);
      await this.#write32(this.#nextField, base + layout.first);
    }
    this.#nextField = base + directory.nextField;
    if (this.#end > maxBytes) throw new MillraceError('input_too_many_pixels', 'The pages do not fit one TIFF file.');
  }

  async #write32(offset: number, value: number): Promise<void> {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    await this.#handle.write(bytes, 0, 4, offset);
  }

  /** Moves everything that a directory points at by `base`. */
  async #relocate(readAt: ReadAt, layout: TiffLayout, directory: TiffDirectory, base: number): Promise<void> {
    let field = base + directory.nextField - directory.entries.size * 12;
    for (const entry of directory.entries.values()) {
      if (pixelOffsets.has(entry.tag) || subDirectories.has(entry.tag)) {
        await this.#relocateOffsets(readAt, layout, entry, field, base);
      } else if (entry.valueBytes > 4) await this.#write32(field + 8, base + entry.valueOffset);
      field += 12;
    }
  }

  /** Offsets are written anew behind the file: short ones may not hold the new values. */
  async #relocateOffsets(
    readAt: ReadAt,
    layout: TiffLayout,
    entry: TiffEntry,
    field: number,
    base: number,
  ): Promise<void> {
    const offsets = await tiffNumbers(readAt, layout, entry);
    if (subDirectories.has(entry.tag)) {
      for (const offset of offsets) {
        await this.#relocate(readAt, layout, await readTiffDirectory(readAt, layout, offset), base);
      }
    }
    const type = Buffer.alloc(2);
    type.writeUInt16LE(4);
    await this.#handle.write(type, 0, 2, field + 2);
    const [only] = offsets;
    if (offsets.length === 1 && only !== undefined) return this.#write32(field + 8, base + only);
    const table = Buffer.from(Uint32Array.from(offsets, (offset) => offset + base).buffer);
    const at = this.#end + (this.#end & 1);
    await this.#handle.write(table, 0, table.length, at);
    this.#end = at + table.length;
    await this.#write32(field + 8, at);
  }
}

/**
 * Writes a document page by page.
 * @param writePage writes one page as a TIFF file and tells where its mark lies
 * @returns where the mark of the first page lies
 */
export async function writePages(
  picture: Picture,
  writePage: (page: number, path: string) => Promise<LogoBox>,
  where: { readonly scratchDir: string; readonly outputPath: string },
): Promise<LogoBox> {
  const handle = await open(where.outputPath, 'w+');
  try {
    const joiner = new TiffJoiner(handle);
    let first: LogoBox | undefined;
    for (let page = 0; page < picture.frames; page++) {
      const path = join(where.scratchDir, `page-${page}.tif`);
      const box = await writePage(page, path);
      first ??= box;
      await joiner.append(path);
      await rm(path);
    }
    if (first === undefined) throw new MillraceError('input_damaged', 'The document has no page.');
    return first;
  } finally {
    await handle.close();
  }
}
