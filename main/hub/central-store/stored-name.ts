/** Names in the central store: what a form gave, made harmless for any file system and for a line of the log. */

const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** File systems take 255 bytes; room is left for a twin's number. */
const maxNameBytes = 230;
const maxWorkerLength = 200;

/** Cuts at whole characters, so that the text has at most so many bytes. */
function cut(text: string, maxBytes: number): string {
  let kept = '';
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept;
}

function split(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.');
  const hasExtension = dot > 0 && name.length - dot <= 12;
  return hasExtension ? { stem: name.slice(0, dot), extension: name.slice(dot) } : { stem: name, extension: '' };
}

/** The last part of a path, without control characters and those that some system forbids; never empty, at most 230 bytes. */
export function cleanFileName(given: string): string {
  const last = given.toWellFormed().normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  const plain = last
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029<>:"|?*]/gu, '_')
    .replace(/[. ]+$/, '')
    .trim();
  const { stem, extension } = split(plain);
  const short = cut(stem, maxNameBytes - Buffer.byteLength(extension)) + extension;
  if (short === '' || short.startsWith('.millrace-')) return `file${short}`;
  return reserved.test(short) ? `_${short}` : short;
}

/** A worker's name on one line, without what separates the parts of a line. */
export function cleanWorkerName(given: string): string {
  const plain = given
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029|]+/gu, ' ')
    .trim();
  return [...plain].slice(0, maxWorkerLength).join('') || 'unknown';
}

/** `photo.jpg`, `photo (2).jpg`, `photo (3).jpg` … */
export function twinName(name: string, number: number): string {
  if (number === 1) return name;
  const { stem, extension } = split(name);
  return `${stem} (${number})${extension}`;
}

/** What file systems that tell no case apart take for the same name. */
export function foldName(name: string): string {
  return name.normalize('NFC').toUpperCase().toLowerCase();
}
