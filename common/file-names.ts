/** Names of files that come from elsewhere, made safe and distinct for a folder of this machine. */
import { basename, extname } from 'node:path';

/** Names that Windows keeps for devices, with any extension. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** The name without any way out of its folder, and without what this system (or the one given) cannot store. */
export function plainName(name: string, platform: NodeJS.Platform = process.platform): string {
  const last = basename(name.normalize('NFC').replaceAll('\\', '/')).replace(/\p{Cc}/gu, '_');
  const clean = platform === 'win32' ? last.replace(/[<>:"|?*]/g, '_').replace(/[. ]+$/, '') : last;
  if (clean === '' || clean === '.' || clean === '..') return '_';
  return platform === 'win32' && reserved.test(clean) ? `_${clean}` : clean;
}

/** A plain name that is free among `taken`, and takes it: `photo.jpg`, `photo (2).jpg` … Case does not tell names apart. */
export function freeName(name: string, taken: Set<string>): string {
  const whole = plainName(name);
  const extension = extname(whole);
  const stem = whole.slice(0, whole.length - extension.length);
  let candidate = whole;
  for (let n = 2; taken.has(candidate.toLowerCase()); n++) candidate = `${stem} (${n})${extension}`;
  taken.add(candidate.toLowerCase());
  return candidate;
}
