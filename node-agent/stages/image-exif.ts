/** The small preview in a photo's EXIF block shows the picture without its mark, and not upright: it is taken out. */
import { open } from 'node:fs/promises';
import { readFrom, readTiffDirectory, readTiffLayout, tiffNumbers } from '../../common/tiff-tags.ts';

/** Segments before the pixels; EXIF is among the first ones. */
const headBytes = 262_144;
const exifMark = Buffer.from('Exif\0\0', 'latin1');
const thumbnailOffset = 0x0201;
const thumbnailLength = 0x0202;

/** Where the EXIF block (from its byte order mark) lies in a JPEG's head. */
function exifBlock(head: Buffer): Buffer | undefined {
  let offset = 2;
  while (offset + 4 <= head.length && head[offset] === 0xff && head[offset + 1] !== 0xda) {
    const length = head.readUInt16BE(offset + 2);
    const payload = head.subarray(offset + 4, offset + 2 + length);
    if (head[offset + 1] === 0xe1 && payload.subarray(0, 6).equals(exifMark)) return payload.subarray(6);
    offset += 2 + length;
  }
  return undefined;
}

/** Blanks the preview in place and unlinks its directory; changes no length. Returns true when there was one. */
async function blankThumbnail(block: Buffer): Promise<boolean> {
  const readAt = readFrom(block);
  const layout = await readTiffLayout(readAt);
  if (layout === undefined) return false;
  const main = await readTiffDirectory(readAt, layout, layout.first);
  if (main.next === 0) return false;
  const preview = await readTiffDirectory(readAt, layout, main.next).catch(() => undefined);
  if (preview !== undefined) {
    const [start = 0] = await tiffNumbers(readAt, layout, preview.entries.get(thumbnailOffset), 1);
    const [length = 0] = await tiffNumbers(readAt, layout, preview.entries.get(thumbnailLength), 1);
    block.fill(0, start, Math.min(block.length, start + length));
  }
  block.fill(0, main.nextField, main.nextField + 4);
  return true;
}

/** Takes the EXIF preview out of a JPEG file that we wrote. A block that makes no sense is left as it is. */
export async function removeThumbnail(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    const buffer = Buffer.alloc(headBytes);
    const { bytesRead } = await handle.read(buffer, 0, headBytes, 0);
    const head = buffer.subarray(0, bytesRead);
    const block = exifBlock(head);
    if (block !== undefined && (await blankThumbnail(block))) {
      await handle.write(block, 0, block.length, block.byteOffset - head.byteOffset);
    }
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw error;
  } finally {
    await handle.close();
  }
}
