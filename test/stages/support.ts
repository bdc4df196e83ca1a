/** What tests of stages share: running one unit as the stage process does, and comparing pictures by their pixels. */
import { randomUUID } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type SharpOptions } from 'sharp';
import { sha256OfFile } from '../../common/files.ts';
import type { Progress } from '../../contract/item.ts';
import { watermarkSummarySchema } from '../../contract/stages/watermark.ts';
import type {
  HubAccess,
  LocalInput,
  StageContext,
  StageImplementation,
} from '../../node-agent/stages/stage-implementation.ts';

/** A stage input for a file on the disk. */
export async function localInput(role: string, path: string, mediaType = 'image/jpeg'): Promise<LocalInput> {
  const { size } = await stat(path);
  return { role, path, sha256: await sha256OfFile(path), sizeBytes: size, mediaType };
}

export interface UnitOptions {
  readonly options?: object;
  readonly inputs: readonly LocalInput[];
  readonly signal?: AbortSignal;
  readonly hub?: HubAccess;
  readonly onProgress?: (progress: Progress) => void;
}

/** Runs one unit in a fresh scratch folder below `folder`. */
export async function runUnit(stage: StageImplementation, folder: string, unit: UnitOptions) {
  const scratchDir = join(folder, randomUUID());
  await mkdir(scratchDir, { recursive: true });
  const context: StageContext = {
    options: unit.options ?? {},
    inputs: unit.inputs,
    scratchDir,
    signal: unit.signal ?? new AbortController().signal,
    progress: unit.onProgress ?? (() => {}),
    hub: unit.hub ?? null,
  };
  return stage.run(context);
}

/** Runs the watermark stage and gives its one output with the parsed summary. */
export async function watermark(
  stage: StageImplementation,
  folder: string,
  image: string,
  options: object = {},
  logo?: string,
) {
  const inputs = [await localInput('image', image)];
  if (logo !== undefined) inputs.push(await localInput('logo', logo, 'image/png'));
  const { outputs, summary } = await runUnit(stage, folder, { options, inputs });
  const [output] = outputs;
  if (output === undefined || outputs.length !== 1) throw new Error('one output expected');
  return { ...output, summary: watermarkSummarySchema.parse(summary), summaryBytes: JSON.stringify(summary).length };
}

export interface Pixels {
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Upright samples as stored, without any conversion of colours. */
export async function pixelsOf(path: string, options: SharpOptions = {}, space = 'srgb'): Promise<Pixels> {
  const deep = space.endsWith('16');
  const { data, info } = await sharp(path, { ignoreIcc: true, limitInputPixels: false, ...options })
    .autoOrient()
    .pipelineColourspace(space)
    .toColourspace(space)
    .raw({ depth: deep ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const samples = deep ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
  return { data: samples, width: info.width, height: info.height, channels: info.channels };
}

/** One pixel's samples. */
export function at(pixels: Pixels, x: number, y: number): number[] {
  const from = (y * pixels.width + x) * pixels.channels;
  return Array.from(pixels.data.subarray(from, from + pixels.channels));
}

export interface Difference {
  /** Largest difference of a sample outside of the boxes. */
  readonly outsideMax: number;
  readonly outsideMean: number;
  readonly insideMean: number;
  /** The smallest box [x, y, width, height] that holds all pixels differing by more than `threshold`; null for none. */
  readonly changed: [number, number, number, number] | null;
}

/** Compares two pictures of one size: within and outside of the boxes [x, y, width, height]. */
export function difference(
  before: Pixels,
  after: Pixels,
  boxes: readonly (readonly [number, number, number, number])[],
  threshold = 40,
): Difference {
  if (before.width !== after.width || before.height !== after.height) throw new Error('pictures of different sizes');
  const channels = Math.min(before.channels, after.channels);
  let outsideMax = 0;
  let outside = 0;
  let outsideCount = 0;
  let inside = 0;
  let insideCount = 0;
  let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
  for (let y = 0; y < before.height; y++) {
    for (let x = 0; x < before.width; x++) {
      const within = boxes.some(([bx, by, bw, bh]) => x >= bx && x < bx + bw && y >= by && y < by + bh);
      const a = (y * before.width + x) * before.channels;
      const b = (y * after.width + x) * after.channels;
      for (let c = 0; c < channels; c++) {
        const delta = Math.abs((before.data[a + c] ?? 0) - (after.data[b + c] ?? 0));
        if (within) {
          inside += delta;
          insideCount++;
        } else {
          outside += delta;
          outsideCount++;
          outsideMax = Math.max(outsideMax, delta);
        }
        if (delta <= threshold) continue;
        left = Math.min(left, x);
        top = Math.min(top, y);
        right = Math.max(right, x);
        bottom = Math.max(bottom, y);
      }
    }
  }
  return {
    outsideMax,
    outsideMean: outside / Math.max(1, outsideCount),
    insideMean: inside / Math.max(1, insideCount),
    changed: right < 0 ? null : [left, top, right - left + 1, bottom - top + 1],
  };
}

/** Writes an opaque, one-coloured logo. */
export async function plainLogo(
  path: string,
  width: number,
  height: number,
  background: { r: number; g: number; b: number; alpha: number } = { r: 255, g: 0, b: 255, alpha: 1 },
): Promise<string> {
  await sharp({ create: { width, height, channels: 4, background } })
    .png()
    .toFile(path);
  return path;
}
