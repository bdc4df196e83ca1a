/**
 * Stage `watermark`: lays a logo on a picture and writes it again in its own format. One pipeline a picture: what lies outside the
 * mark is not touched beyond what the format's own coding does; colour space, profile, depth and metadata stay.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import type { z } from 'zod';
import { MillraceError } from '../../contract/errors.ts';
import { watermarkOptionsSchema, type watermarkSummarySchema } from '../../contract/stages/watermark.ts';
import { isHarmlessWarning, pictureError } from './image-errors.ts';
import { removeThumbnail } from './image-exif.ts';
import { encode, keepMetadata, type OutputFormat, outputFormat, workingSpace } from './image-format.ts';
import { builtInLogo, createMarkMaker, isSrgbProfile, type LogoFile, type MarkMaker } from './image-mark.ts';
import { overlays } from './image-overlay.ts';
import { needsPages, writePages } from './image-pages.ts';
import { markBox, type WatermarkOptions } from './image-placement.ts';
import { defaultPictureLimits, openPicture, type Picture, type PictureLimits } from './image-source.ts';
import type { LocalInput, StageContext, StageImplementation, StageOutcome } from './stage-implementation.ts';
import { checkWatermark } from './watermark-check.ts';

type Summary = z.output<typeof watermarkSummarySchema>;

const builtInMark = fileURLToPath(new URL('./assets/millrace-mark.png', import.meta.url));

export interface WatermarkParts {
  /** Threads of one picture. More than one gains little: units run side by side. */
  readonly threads: number;
  readonly limits?: PictureLimits;
  readonly builtInMarkPath?: string;
}

/** sharp for a long-lived process on untrusted pictures: no caches, few threads, and no loader that could read anything but pixels. */
function tuneSharp(threads: number): void {
  sharp.cache(false);
  sharp.concurrency(threads);
  for (const loader of [
    'Svg',
    'Pdf',
    'Magick',
    'Vips',
    'OpenSlide',
    'Csv',
    'Matrix',
    'Raw',
    'Analyze',
    'Fits',
    'Ppm',
    'Rad',
  ]) {
    sharp.block({ operation: [`VipsForeignLoad${loader}`] });
  }
}

function inputOf(inputs: readonly LocalInput[], role: string): LocalInput | undefined {
  return inputs.find((input) => input.role === role);
}

interface Work {
  readonly picture: Picture;
  readonly output: OutputFormat;
  readonly outputPath: string;
  readonly scratchDir: string;
  readonly logo: LogoFile;
  readonly options: WatermarkOptions;
  readonly marks: MarkMaker;
  readonly signal: AbortSignal;
  readonly progress: StageContext['progress'];
}

/** The picture with its mark, ready to be written, and where the mark lies. `page`: that one alone, otherwise all frames. */
async function marked(work: Work, failOn: 'warning' | 'error', page?: number) {
  const { picture, output, logo, options, marks, scratchDir } = work;
  const pageMetadata = page === undefined ? undefined : await picture.pipeline({ pages: 1, page }).metadata();
  const metadata = pageMetadata ?? picture.metadata;
  const size = pageMetadata?.autoOrient ?? picture.size;
  const space = workingSpace(metadata, output.format);
  const box = markBox(size, await marks.size(logo), options);
  const look = {
    size: { width: box.width, height: box.height },
    opacity: options.opacity,
    profile: markProfile(metadata),
  };
  const mark = await marks.make(logo, look, scratchDir);
  const frames = page === undefined ? picture.frames : 1;
  let pipeline = picture.pipeline({ failOn, ...(page !== undefined && { pages: 1, page }) });
  if (picture.turns) pipeline = pipeline.autoOrient();
  if (space !== undefined) pipeline = pipeline.pipelineColourspace(space).toColourspace(space);
  pipeline = keepMetadata(pipeline.composite(overlays(mark, size, box, frames, options.tile)), metadata);
  // Composing adds an alpha channel.
  if (!metadata.hasAlpha) pipeline = pipeline.removeAlpha();
  const rawBytes = size.width * size.height * frames * metadata.channels * (metadata.depth === 'uchar' ? 1 : 2);
  return { pipeline: encode(pipeline, output.format, metadata, { lossless: picture.lossless, rawBytes }), box };
}

/** Only RGB pictures with a profile other than sRGB: others are converted by the pipeline itself. */
function markProfile(metadata: Picture['metadata']): Buffer | undefined {
  const { icc, space } = metadata;
  const rgb = space === 'srgb' || space === 'rgb16';
  return icc !== undefined && rgb && !isSrgbProfile(icc) ? icc : undefined;
}

async function write(work: Work, failOn: 'warning' | 'error'): Promise<Summary['logoBox']> {
  const { picture, outputPath, scratchDir, signal } = work;
  if (needsPages(picture)) {
    return writePages(
      picture,
      async (page, path) => {
        signal.throwIfAborted();
        work.progress({ done: page, total: picture.frames, unit: 'pages' });
        const { pipeline, box } = await marked(work, failOn, page);
        await pipeline.toFile(path);
        return [box.x, box.y, box.width, box.height];
      },
      { scratchDir, outputPath },
    );
  }
  const { pipeline, box } = await marked(work, failOn);
  signal.throwIfAborted();
  await pipeline.toFile(outputPath);
  if (work.output.format === 'jpeg' && picture.metadata.exif !== undefined) await removeThumbnail(outputPath);
  return [box.x, box.y, box.width, box.height];
}

/** Reads strictly first; what only made the decoder grumble is read again without ado. */
async function writeForgiving(work: Work): Promise<Summary['logoBox']> {
  try {
    return await write(work, 'warning');
  } catch (thrown) {
    await rm(work.outputPath, { force: true });
    if (isHarmlessWarning(thrown)) return write(work, 'error');
    throw thrown;
  }
}

async function damageOf(picture: Picture, thrown: unknown): Promise<unknown> {
  const error = pictureError(thrown);
  const isDamage = error instanceof MillraceError && error.code === 'input_damaged';
  return isDamage && (await picture.isCutOff())
    ? new MillraceError('input_truncated', undefined, error.details)
    : error;
}

async function run(context: StageContext, marks: MarkMaker, parts: Required<WatermarkParts>): Promise<StageOutcome> {
  const options = watermarkOptionsSchema.parse(context.options);
  const image = inputOf(context.inputs, 'image');
  if (image === undefined) throw new MillraceError('stage_invalid_payload', 'The input "image" is missing.');
  const logo = inputOf(context.inputs, 'logo') ?? (await builtInLogo(parts.builtInMarkPath));
  const { scratchDir, signal } = context;
  signal.throwIfAborted();
  const picture = await openPicture(image.path, parts.limits).catch((thrown: unknown) => {
    throw pictureError(thrown);
  });
  const { width, height } = picture.size;
  if (picture.frames > 1) context.progress({ done: 0, total: picture.frames, unit: 'frames' });
  const output = outputFormat(picture.format, picture.metadata.compression);
  const outputPath = join(scratchDir, `watermarked.${output.fileExtension}`);
  signal.throwIfAborted();
  const work: Work = {
    picture,
    output,
    outputPath,
    scratchDir,
    logo,
    options,
    marks,
    signal,
    progress: context.progress,
  };
  const logoBox = await writeForgiving(work).catch(async (thrown: unknown) => {
    throw signal.aborted ? thrown : await damageOf(picture, thrown);
  });
  signal.throwIfAborted();
  const { format, mediaType, convertedFrom } = output;
  const summary = { width, height, frames: picture.frames, logoBox, format } satisfies Summary;
  return {
    outputs: [
      { role: 'watermarked', path: outputPath, mediaType, ...(convertedFrom !== undefined && { extension: '.png' }) },
    ],
    summary: { ...summary, ...(convertedFrom !== undefined && { convertedFrom }) },
  };
}

/** The stage with its own memory of logos; one for a process. */
export function createWatermarkStage(parts: WatermarkParts): StageImplementation {
  const whole = { limits: defaultPictureLimits, builtInMarkPath: builtInMark, ...parts };
  const marks = createMarkMaker(whole.limits);
  let isTuned = false;
  const work = (context: StageContext): Promise<StageOutcome> => {
    if (!isTuned) tuneSharp(whole.threads);
    isTuned = true;
    return run(context, marks, whole);
  };
  return {
    kind: 'watermark',
    engine: () => `sharp ${sharp.versions.sharp} / libvips ${sharp.versions.vips}`,
    run: work,
    check: (context) => checkWatermark(context, work),
  };
}

/** Threads from `MILLRACE_STAGE_THREADS`, 1 unless it is a sensible number. */
function threadsFrom(text: string | undefined): number {
  const threads = Number.parseInt(text ?? '', 10);
  return threads >= 1 && threads <= 64 ? threads : 1;
}

export const implementation = createWatermarkStage({ threads: threadsFrom(process.env['MILLRACE_STAGE_THREADS']) });
