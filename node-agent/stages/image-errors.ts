/** What the decoder's own words mean to the user: sharp and libvips report in free text, which is put into the table's codes here. */
import { MillraceError } from '../../contract/errors.ts';

const tooLarge =
  /exceeds pixel limit|pixel limit|too many pixels|image (?:too large|dimensions)|dimensions exceed|Maximum supported image dimension|security limit/i;
const truncated =
  /premature end|unexpected end|end of (?:file|stream|data|image)|\bEOF\b|truncated|read error at (?:row|scanline|strip)|not enough (?:data|image data)|Read error on strip|read gave \d+|too short|incomplete|insufficient input data|past end/i;
const unknownFormat = /unsupported image format|not a known file format|no known loader/i;
const noDecoder =
  /not supported by this decoder|Unsupported codec|No decoding plugin|Unsupported feature|compression .*not (?:configured|supported)|unsupported compression/i;
const noSpace = /ENOSPC|no space left|disk full/i;
const noMemory = /out of memory|unable to allocate|cannot allocate|ENOMEM/i;

/** Things that a decoder warns of and every viewer passes over. */
const harmless =
  /extraneous bytes before marker|Invalid SOS parameters|unknown (?:tag|field)|iCCP|cHRM|sRGB chunk|gAMA|zTXt|iTXt|tEXt|Adobe (?:color|colour) transform|Unknown Adobe|bad Exif|exif|ICC profile|invalid profile|application transferred too few scanlines$/i;

/** True when it was only a warning that harms no pixel: the picture is worth a second, more forgiving reading. */
export function isHarmlessWarning(thrown: unknown): boolean {
  return thrown instanceof Error && harmless.test(thrown.message) && !truncated.test(thrown.message);
}

/** The decoder's own words for the details, each line once, without paths of this machine. */
function decoderText(text: string): string {
  const lines = new Set(text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('source: bad seek')));
  return [...lines]
    .join('; ')
    .replace(/(?:[A-Za-z]:)?[\\/][^\s'"]+/g, '…')
    .slice(0, 300);
}

/** True for what the decoder says of a picture; false for what is ours: errors of the table, aborts, files, bugs, wrong arguments. */
function isDecoders(thrown: unknown): thrown is Error {
  if (!(thrown instanceof Error) || thrown instanceof MillraceError || thrown.name !== 'Error') return false;
  return !('syscall' in thrown) && !thrown.message.startsWith('Expected ');
}

/**
 * The table's error for what the decoder threw while reading a picture: `input_truncated`, `input_too_many_pixels`,
 * `input_not_media`, and otherwise `input_damaged`; `disk_full` and `stage_out_of_memory` where the machine is to blame. What did
 * not come from the decoder passes through as it is.
 */
export function pictureError(thrown: unknown): unknown {
  if (!isDecoders(thrown)) return thrown;
  const text = thrown.message;
  const as = (code: ConstructorParameters<typeof MillraceError>[0], message?: string): MillraceError =>
    new MillraceError(code, message, { decoder: decoderText(text) }, thrown);
  if (noSpace.test(text)) return as('disk_full');
  if (noMemory.test(text)) return as('stage_out_of_memory');
  if (tooLarge.test(text)) return as('input_too_many_pixels');
  if (unknownFormat.test(text)) return as('input_not_media');
  if (noDecoder.test(text)) return as('input_not_media', 'This kind of picture cannot be decoded here.');
  if (truncated.test(text)) return as('input_truncated');
  return as('input_damaged');
}
