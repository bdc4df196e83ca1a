/** File names as they may be kept, shown and written on every machine. */
import { MillraceError } from '../../../contract/errors.ts';

/** Room is left for prefixes like `watermarked_` and for the number of a twin, within the 255 bytes that file systems take. */
export const maxNameBytes = 220;
const maxExtensionBytes = 20;

const pathPart = /[/\\\0]/;
/** C0 and C1 controls, line and paragraph separators, and the marks that turn the reading direction and so hide an extension. */
const control = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const reserved = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
/** Characters that Windows takes in no name; a colon would even open a hidden stream. */
const notEverywhere = /[<>:"|?*]/g;

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');

/** The longest beginning of at most so many bytes that splits no character. */
function cut(text: string, maxBytes: number): string {
  let bytes = 0;
  let kept = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    bytes += bytesOf(segment);
    if (bytes > maxBytes) break;
    kept += segment;
  }
  return kept;
}

/** Without the blanks and dots at the end, which Windows drops silently. */
const trimmed = (name: string): string => name.replace(/^\s+|[\s.]+$/gu, '');

/**
 * The name as it is kept: NFC, accents and all scripts as they are; `<>:"|?*` become `_`; a very long one is cut to
 * {@link maxNameBytes}, its extension kept.
 * @throws MillraceError `input_unsafe_name` for path parts (`/`, `\`, `..`, a drive), control and direction characters, names that
 * Windows reserves, and names with nothing left
 */
export function safeName(name: string): string {
  const refuse = (why: string): never => {
    throw new MillraceError('input_unsafe_name', `The file's name cannot be used: ${why}.`);
  };
  const text = name.toWellFormed().normalize('NFC');
  if (pathPart.test(text) || /^[a-z]:/i.test(text)) refuse('it has path parts');
  if (control.test(text)) refuse('it has control characters');
  const clean = trimmed(text);
  if (clean === '') refuse('nothing is left of it');
  if (reserved.test(clean)) refuse('Windows keeps it for a device');
  const everywhere = clean.replace(notEverywhere, '_');
  if (bytesOf(everywhere) <= maxNameBytes) return everywhere;
  const dot = everywhere.lastIndexOf('.');
  const extension = dot > 0 ? everywhere.slice(dot) : '';
  if (extension === '' || bytesOf(extension) > maxExtensionBytes) return trimmed(cut(everywhere, maxNameBytes));
  return trimmed(cut(everywhere.slice(0, dot), maxNameBytes - bytesOf(extension))) + extension;
}
