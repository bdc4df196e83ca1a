/**
 * In what a marked picture is written: the input's own format, in the way it was stored (depth, chroma, progressive, lossless),
 * or PNG where that format cannot be written.
 */
import type { Metadata, Sharp } from 'sharp';

export const writableFormats = ['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const;
export type WritableFormat = (typeof writableFormats)[number];

export interface OutputFormat {
  readonly format: WritableFormat;
  readonly mediaType: string;
  /** Of the file, without the dot. */
  readonly fileExtension: string;
  /** The input's format, when another one had to be taken. */
  readonly convertedFrom?: string;
}

const fileExtensions: Readonly<Record<WritableFormat, string>> = {
  jpeg: 'jpg',
  png: 'png',
  webp: 'webp',
  avif: 'avif',
  tiff: 'tif',
  gif: 'gif',
};

const isWritable = (format: string): format is WritableFormat => writableFormats.some((known) => known === format);

/** The output for an input format as the decoder names it; HEIF counts as AVIF when it is coded as AV1. */
export function outputFormat(inputFormat: string, compression: string | undefined): OutputFormat {
  const named = inputFormat === 'heif' ? (compression === 'av1' ? 'avif' : 'heic') : inputFormat;
  const format = isWritable(named) ? named : 'png';
  return {
    format,
    mediaType: `image/${format}`,
    fileExtension: fileExtensions[format],
    ...(format !== named && { convertedFrom: named }),
  };
}

/** Spaces that sharp can compose and write without leaving them, so that depth, grey and CMYK stay as they were. */
const ownSpaces = ['b-w', 'grey16', 'rgb16', 'cmyk'] as const;
export type OwnSpace = (typeof ownSpaces)[number];

/**
 * The space in which the picture is worked on: its own one where the output can store it, or undefined for 8-bit RGB. Rare spaces
 * (Lab, floating point) become 8-bit sRGB.
 */
export function workingSpace(metadata: Metadata, format: WritableFormat): OwnSpace | undefined {
  const space = ownSpaces.find((own) => own === metadata.space);
  if (space === undefined) return undefined;
  const fits: Readonly<Record<WritableFormat, readonly OwnSpace[]>> = {
    jpeg: ['b-w', 'cmyk'],
    png: ['b-w', 'grey16', 'rgb16'],
    tiff: ['b-w', 'grey16', 'rgb16', 'cmyk'],
    avif: ['rgb16'],
    webp: [],
    gif: [],
  };
  return fits[format].includes(space) ? space : undefined;
}

/** Bytes from which a TIFF needs 64-bit offsets; below the format's 4 GiB, since compressed pixels may grow. */
const bigTiffBytes = 3_000_000_000;

/**
 * Pixels up to which a JPEG is written in two passes (better codes, progressive). These hold the whole picture in memory, about
 * 6 bytes a pixel: the largest ones would not fit the stage's limit.
 */
const twoPassPixels = 50_000_000;

/** Pixels per inch as TIFF wants them, per mm. */
const perMm = (density: number): number => density / 25.4;

/**
 * Sets the encoder. JPEG: quality 90, chroma as the input has it, progressive stays progressive
 * (up to 50 million pixels). WebP: lossless stays lossless,
 * otherwise quality 90. AVIF: quality 75, the input's bit depth. TIFF: lossless (deflate). GIF: a palette of its own, no frame
 * dropped.
 */
export function encode(
  pipeline: Sharp,
  format: WritableFormat,
  metadata: Metadata,
  facts: { readonly lossless: boolean; readonly rawBytes: number },
): Sharp {
  const chromaSubsampling = metadata.chromaSubsampling?.startsWith('4:2:0') ? '4:2:0' : '4:4:4';
  switch (format) {
    case 'jpeg': {
      const small = metadata.width * metadata.height <= twoPassPixels;
      const progressive = metadata.isProgressive && small;
      return pipeline.jpeg({ quality: 90, chromaSubsampling, progressive, optimiseCoding: small });
    }
    case 'png':
      return pipeline.png();
    case 'webp':
      return pipeline.webp(facts.lossless ? { lossless: true } : { quality: 90 });
    case 'avif': {
      const bits = metadata.bitsPerSample;
      return pipeline.avif({ quality: 75, bitdepth: bits === 10 || bits === 12 ? bits : 8 });
    }
    case 'tiff': {
      const { density, resolutionUnit } = metadata;
      return pipeline.tiff({
        compression: 'deflate',
        predictor: 'horizontal',
        bigtiff: facts.rawBytes > bigTiffBytes,
        ...(density !== undefined && { xres: perMm(density), yres: perMm(density) }),
        ...(resolutionUnit !== undefined && { resolutionUnit }),
      });
    }
    case 'gif':
      return pipeline.gif({ keepDuplicateFrames: true });
  }
}

/** Takes over what the user expects to stay: profile, EXIF, XMP, IPTC, comments; and adds no EXIF where there was none. */
export function keepMetadata(pipeline: Sharp, metadata: Metadata): Sharp {
  const { exif, iptc, comments, tifftagPhotoshop } = metadata;
  const rich = [exif, iptc, comments, tifftagPhotoshop].some((part) => part !== undefined);
  return rich ? pipeline.keepMetadata() : pipeline.keepIccProfile().keepXmp();
}
