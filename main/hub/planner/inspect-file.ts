/**
 * What a file is, by its content: looked at once at the door, in bounded reads, before anything is planned. Refuses what no pipeline
 * could ever use, with the code and the facts for the user; decodes nothing.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { extname } from 'node:path';
import { fileTypeFromBuffer } from 'file-type';
import { isCutOff } from '../../../common/picture-structure.ts';
import { type ReadAt, readTiffLayout } from '../../../common/tiff-tags.ts';
import { MillraceError } from '../../../contract/errors.ts';
import type { MediaKind } from '../../../contract/item.ts';
import { readPictureSize } from './picture-header.ts';

export { safeName } from './safe-name.ts';

const headBytes = 262_144;

export interface Inspection {
  readonly kind: MediaKind;
  /** As found in the content, whatever the name says. */
  readonly mediaType: string;
  /** Upright, px. */
  readonly width: number | null;
  readonly height: number | null;
  readonly durationMs: number | null;
  /** A sentence for the user about something odd that does no harm. */
  readonly notice?: string;
}

/** Kinds of picture that nodes can decode, with their usual extensions. */
const pictureTypes = new Map<string, { name: string; extensions: readonly string[] }>([
  ['image/jpeg', { name: 'JPEG', extensions: ['.jpg', '.jpeg', '.jpe', '.jfif', '.jif', '.mpo'] }],
  ['image/png', { name: 'PNG', extensions: ['.png'] }],
  ['image/apng', { name: 'animated PNG', extensions: ['.png', '.apng'] }],
  ['image/webp', { name: 'WebP', extensions: ['.webp'] }],
  ['image/avif', { name: 'AVIF', extensions: ['.avif', '.avifs'] }],
  ['image/tiff', { name: 'TIFF', extensions: ['.tif', '.tiff'] }],
  ['image/gif', { name: 'GIF', extensions: ['.gif'] }],
  ['image/bmp', { name: 'BMP', extensions: ['.bmp', '.dib'] }],
]);

const comicExtensions = new Set(['.cbz', '.cbr', '.cb7', '.cbt']);
const archive = /^application\/(?:zip|x-zip|vnd\.rar|x-rar|x-rar-compressed|x-7z-compressed|x-tar)$/;
const documentType =
  /^application\/(?:pdf|epub\+zip|rtf|vnd\.oasis\.opendocument\.|vnd\.openxmlformats-officedocument\.|x-mobipocket)/;

function kindOf(mediaType: string, extension: string): MediaKind {
  if (mediaType.startsWith('image/')) return 'image';
  if (mediaType.startsWith('video/')) return 'video';
  if (mediaType.startsWith('audio/')) return 'audio';
  if (archive.test(mediaType)) return comicExtensions.has(extension) ? 'comic' : 'other';
  return documentType.test(mediaType) ? 'document' : 'other';
}

/** The media type by content, or undefined. A TIFF keeps its directory at the end, where file-type does not get from the head alone. */
async function typeOf(head: Buffer, readAt: ReadAt): Promise<string | undefined> {
  const found = await fileTypeFromBuffer(head).catch(() => undefined);
  if (found !== undefined) return found.mime;
  return (await readTiffLayout(readAt)) === undefined ? undefined : 'image/tiff';
}

const svgRoot = /<svg[\s>]/i;
/** Anything that a renderer might go and fetch: entities, style sheets, scripts, and addresses other than `#…` and `data:`. */
const svgExternal =
  /<!ENTITY|<!DOCTYPE[^>[]*(?:\[|SYSTEM\s+["'](?!http:\/\/www\.w3\.org\/))|<\?xml-stylesheet|@import|<script|<foreignObject|\b(?:xlink:)?href\s*=\s*["']\s*(?!#|data:)[^"'\s]|\bsrc\s*=\s*["']\s*(?!data:)|url\(\s*["']?\s*(?!#|data:|["')])/i;

/** Text of the head in whatever of the usual encodings it is. */
function textOf(head: Buffer): string {
  const utf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0x3c && head[1] === 0);
  return utf16 ? head.toString('utf16le') : head.toString('utf8');
}

function refuseDrawing(head: Buffer): void {
  const text = textOf(head);
  if (!svgRoot.test(text)) return;
  // Links to other pages are no references to content, but cannot be told apart cheaply: the answer differs in words only.
  if (svgExternal.test(text)) throw new MillraceError('input_svg_external');
  throw new MillraceError('input_svg_unsupported');
}

function noticeOf(mediaType: string, extension: string): string | undefined {
  const known = pictureTypes.get(mediaType);
  if (mediaType === 'image/apng') return 'This is an animated PNG; only its first picture is used.';
  if (known === undefined || extension === '' || known.extensions.includes(extension)) return undefined;
  const article = /^[AEIO]/.test(known.name) ? 'an' : 'a';
  return `This is ${article} ${known.name} with a ${extension} name.`;
}

async function inspectPicture(
  readAt: ReadAt,
  sizeBytes: number,
  mediaType: string,
  maxPixels: number,
): Promise<{ width: number; height: number }> {
  if (!pictureTypes.has(mediaType)) {
    const short = mediaType
      .slice('image/'.length)
      .replace(/^x-|^vnd\./g, '')
      .toUpperCase();
    throw new MillraceError('input_not_media', `Pictures of this kind (${short}) cannot be read here.`, { mediaType });
  }
  const size = await readPictureSize(readAt, sizeBytes, mediaType);
  if (size !== undefined && size.width * size.height > maxPixels) {
    throw new MillraceError(
      'input_too_many_pixels',
      `The picture has ${size.width} × ${size.height} pixels, more than the ${Math.round(maxPixels / 1e6)} million that are taken.`,
      { width: size.width, height: size.height, maxPixels },
    );
  }
  if (await isCutOff(readAt, sizeBytes, mediaType)) throw new MillraceError('input_truncated');
  if (size === undefined) throw new MillraceError('input_damaged', 'The header of the picture cannot be read.');
  return size;
}

/**
 * Looks at the file's head, end and header fields.
 * @param name as safeName gave it: only its extension is looked at, for what cannot be told by content and for the notice
 * @param limits pixels of the whole picture as declared
 * @throws MillraceError input_empty, input_not_media, input_too_many_pixels, input_truncated, input_damaged, input_svg_external,
 * input_svg_unsupported; system errors of the file as they are
 */
export async function inspectFile(path: string, name: string, limits: { maxPixels: number }): Promise<Inspection> {
  // Synchronous on purpose: a few kilobytes that were written a moment ago are in memory, and each trip to the thread pool would
  // cost more than all of these calls together.
  const file = openSync(path, 'r');
  try {
    const { size: sizeBytes } = fstatSync(file);
    if (sizeBytes === 0) throw new MillraceError('input_empty');
    const readAt: ReadAt = async (offset, length) => {
      const buffer = Buffer.alloc(Math.max(0, Math.min(length, sizeBytes - offset)));
      return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, offset));
    };
    const head = await readAt(0, headBytes);
    const mediaType = await typeOf(head, readAt);
    const extension = extname(name).toLowerCase();
    if (mediaType === undefined || mediaType === 'application/xml') {
      refuseDrawing(head);
      throw new MillraceError('input_not_media');
    }
    const kind = kindOf(mediaType, extension);
    const size = kind === 'image' ? await inspectPicture(readAt, sizeBytes, mediaType, limits.maxPixels) : undefined;
    const notice = noticeOf(mediaType, extension);
    return {
      kind,
      mediaType,
      width: size?.width ?? null,
      height: size?.height ?? null,
      durationMs: null,
      ...(notice !== undefined && { notice }),
    };
  } finally {
    closeSync(file);
  }
}
