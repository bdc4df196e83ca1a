/** Decodes uncompressed Windows bitmaps (1, 4, 8, 16, 24 and 32 bits), which sharp cannot read. */
import { MillraceError } from '../../contract/errors.ts';

export interface RawPicture {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and, with four, alpha; interleaved, 8 bits each. */
  readonly channels: 3 | 4;
}

export const isBmp = (head: Buffer): boolean => head.length >= 26 && head.toString('latin1', 0, 2) === 'BM';

interface Header {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly pixelsAt: number;
  readonly palette: Buffer;
  readonly paletteStep: 3 | 4;
  readonly masks: readonly [number, number, number, number];
}

const truncated = (): never => {
  throw new MillraceError('input_truncated');
};
const unsupported = (what: string): never => {
  throw new MillraceError('input_not_media', `This kind of BMP cannot be read here: ${what}.`);
};

function masksOf(file: Buffer, bits: number, compression: number, headerBytes: number): Header['masks'] {
  if (compression === 0) return bits === 16 ? [0x7c00, 0x03e0, 0x001f, 0] : [0xff0000, 0xff00, 0xff, 0];
  if (file.length < 70) truncated();
  const alpha = headerBytes >= 56 || compression === 6 ? file.readUInt32LE(66) : 0;
  return [file.readUInt32LE(54), file.readUInt32LE(58), file.readUInt32LE(62), alpha];
}

function readHeader(file: Buffer, maxPixels: number): Header {
  const headerBytes = file.readUInt32LE(14);
  const old = headerBytes === 12;
  if (!old && (headerBytes < 40 || file.length < 14 + 40)) unsupported('its header is not known');
  const width = old ? file.readUInt16LE(18) : file.readInt32LE(18);
  const signedHeight = old ? file.readUInt16LE(20) : file.readInt32LE(22);
  const bits = file.readUInt16LE(old ? 24 : 28);
  const compression = old ? 0 : file.readUInt32LE(30);
  const height = Math.abs(signedHeight);
  if (width <= 0 || height === 0) throw new MillraceError('input_damaged');
  if (width * height > maxPixels)
    throw new MillraceError('input_too_many_pixels', undefined, { width, height, maxPixels });
  if (![0, 3, 6].includes(compression)) unsupported('it is compressed');
  if (![1, 4, 8, 16, 24, 32].includes(bits)) unsupported(`${bits} bits a pixel`);
  const masks = masksOf(file, bits, compression, headerBytes);
  const paletteAt = 14 + headerBytes + (headerBytes === 40 && compression === 3 ? 12 : 0);
  const pixelsAt = file.readUInt32LE(10);
  const palette = bits <= 8 ? file.subarray(paletteAt, Math.max(paletteAt, pixelsAt)) : Buffer.alloc(0);
  return { width, height, topDown: signedHeight < 0, bits, pixelsAt, palette, paletteStep: old ? 3 : 4, masks };
}

/** Turns the bits under a mask into 0 to 255. */
function channelOf(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 255;
  const shift = 31 - Math.clz32(mask & -mask);
  const top = mask >>> shift;
  return (pixel) => Math.round((((pixel & mask) >>> shift) * 255) / top);
}

/**
 * @throws MillraceError `input_truncated`, `input_damaged`, `input_too_many_pixels`, `input_not_media` (compressed bitmaps)
 */
export function decodeBmp(file: Buffer, maxPixels: number): RawPicture {
  const { width, height, topDown, bits, pixelsAt, palette, paletteStep, masks } = readHeader(file, maxPixels);
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (pixelsAt + stride * height > file.length + 3) truncated();
  const channels = masks[3] === 0 ? 3 : 4;
  const [red, green, blue, alpha] = masks.map(channelOf);
  if (!red || !green || !blue || !alpha) return unsupported('its colour masks');
  const data = Buffer.alloc(width * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = pixelsAt + (topDown ? y : height - 1 - y) * stride;
    for (let x = 0; x < width; x++) {
      if (bits <= 8) {
        const byte = file[row + ((x * bits) >> 3)] ?? 0;
        const index = (byte >> (8 - bits - ((x * bits) & 7))) & ((1 << bits) - 1);
        for (let c = 2; c >= 0; c--) data[to++] = palette[index * paletteStep + c] ?? 0;
      } else if (bits === 24) {
        const from = row + x * 3;
        for (let c = 2; c >= 0; c--) data[to++] = file[from + c] ?? 0;
      } else {
        const pixel = bits === 16 ? file.readUInt16LE(row + x * 2) : file.readUInt32LE(row + x * 4);
        data[to++] = red(pixel);
        data[to++] = green(pixel);
        data[to++] = blue(pixel);
        if (channels === 4) data[to++] = alpha(pixel);
      }
    }
  }
  return { data, width, height, channels };
}
