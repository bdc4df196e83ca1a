/**
 * The mark itself: a logo decoded once, scaled to the pixel, faded, and in the picture's colour space, as raw samples that a pipeline
 * lays on a picture without another decode. Keeps what it made for the next picture of the same size.
 */
import { createHash } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type CreateRaw, type Sharp } from 'sharp';
import { MillraceError } from '../../contract/errors.ts';
import type { Size } from './image-placement.ts';
import { openPicture, type PictureLimits } from './image-source.ts';

/** Red, green, blue, alpha; 8 bits each, on deeper pictures, too. */
export interface Mark extends Size {
  readonly samples: Buffer;
}

/** How a mark is given to `composite` and `sharp`. */
export function rawOf(size: Size): CreateRaw {
  return { width: size.width, height: size.height, channels: 4 };
}

export interface LogoFile {
  readonly path: string;
  /** Names its bytes: what was made of a logo is kept under it. */
  readonly sha256: string;
}

export interface MarkLook {
  readonly size: Size;
  /** 0 to 1. */
  readonly opacity: number;
  /** The RGB profile of the picture, so that the logo has its own colours there; undefined for sRGB and other spaces. */
  readonly profile: Buffer | undefined;
}

interface Decoded extends Size {
  readonly samples: Buffer;
  /** Of the logo as it is; `samples` may be a smaller version of a very large one. */
  readonly natural: Size;
}

/** Keeps what was used last, up to so many bytes. */
function recentlyUsed<T>(maxBytes: number, bytesOf: (value: T) => number) {
  const kept = new Map<string, T>();
  let total = 0;
  return {
    get(key: string): T | undefined {
      const value = kept.get(key);
      if (value === undefined) return undefined;
      kept.delete(key);
      kept.set(key, value);
      return value;
    },
    set(key: string, value: T): T {
      if (bytesOf(value) > maxBytes / 2 || kept.has(key)) return value;
      kept.set(key, value);
      total += bytesOf(value);
      for (const [oldest, old] of kept) {
        if (total <= maxBytes) break;
        kept.delete(oldest);
        total -= bytesOf(old);
      }
      return value;
    },
  };
}

/** A logo beyond this is reduced first: nothing of it is seen on any picture, and decoding it again for each would be slow. */
const maxLogoSide = 4_096;

async function decodeLogo(logo: LogoFile, limits: PictureLimits): Promise<Decoded> {
  try {
    const picture = await openPicture(logo.path, limits);
    const { data, info } = await picture
      .pipeline({ pages: 1, page: 0 })
      .autoOrient()
      .resize({ width: maxLogoSide, height: maxLogoSide, fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { samples: data, width: info.width, height: info.height, natural: picture.size };
  } catch (cause) {
    // A disk error is not the logo's fault.
    if (cause instanceof Error && 'syscall' in cause) throw cause;
    const reason = cause instanceof MillraceError ? cause.code : 'input_damaged';
    throw new MillraceError('logo_unreadable', undefined, { reason }, cause);
  }
}

/** True for the many profiles that say sRGB: the mark's samples are right as they are. */
export function isSrgbProfile(icc: Buffer): boolean {
  const name = Buffer.from('sRGB', 'utf16le').swap16();
  return icc.includes('sRGB') || icc.includes(name);
}

/** Writes the profile to a file, since that is how sharp takes one. */
async function inProfile(pixels: Sharp, profile: Buffer, scratchDir: string): Promise<Sharp> {
  const path = join(scratchDir, 'picture.icc');
  await writeFile(path, profile);
  return pixels.withIccProfile(path, { attach: false });
}

async function render(decoded: Decoded, look: MarkLook, scratchDir: string): Promise<Mark> {
  const { width, height } = look.size;
  let pixels = sharp(decoded.samples, { raw: rawOf(decoded), limitInputPixels: false }).resize(width, height, {
    fit: 'fill',
  });
  if (look.profile !== undefined) pixels = await inProfile(pixels, look.profile, scratchDir);
  const { data, info } = await pixels.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  // A profile that is not of RGB colours gives other channels; then the mark stays in sRGB.
  if (info.channels !== 4) return render(decoded, { ...look, profile: undefined }, scratchDir);
  if (look.opacity < 1) {
    for (let at = 3; at < data.length; at += 4) data[at] = Math.round((data[at] ?? 0) * look.opacity);
  }
  return { samples: data, width, height };
}

export interface MarkMaker {
  /** Size of the logo as it is, upright, px. Throws MillraceError `logo_unreadable`. */
  size(logo: LogoFile): Promise<Size>;
  /** Throws MillraceError `logo_unreadable`. `scratchDir` is for a temporary file. */
  make(logo: LogoFile, look: MarkLook, scratchDir: string): Promise<Mark>;
}

/** @param maxKeptBytes memory for what is kept, apart from one decoded logo of at most 64 MiB */
export function createMarkMaker(limits: PictureLimits, maxKeptBytes = 64 << 20): MarkMaker {
  const marks = recentlyUsed<Mark>(maxKeptBytes, (mark) => mark.samples.byteLength);
  const logos = recentlyUsed<Decoded>(4 * 4 * maxLogoSide ** 2, (logo) => logo.samples.byteLength);
  const decoded = async (logo: LogoFile): Promise<Decoded> =>
    logos.get(logo.sha256) ?? logos.set(logo.sha256, await decodeLogo(logo, limits));
  return {
    size: async (logo) => (await decoded(logo)).natural,
    async make(logo, look, scratchDir) {
      const { size, opacity, profile } = look;
      const profileId = profile === undefined ? '' : createHash('sha256').update(profile).digest('hex');
      const key = `${logo.sha256} ${size.width}x${size.height} ${opacity} ${profileId}`;
      return marks.get(key) ?? marks.set(key, await render(await decoded(logo), look, scratchDir));
    },
  };
}

/** The mark shipped with the project, named by size and time of its file, since it never changes while we run. */
export async function builtInLogo(path: string): Promise<LogoFile> {
  const { size, mtimeMs } = await stat(path);
  return { path, sha256: `built-in ${size} ${mtimeMs}` };
}
