/**
 * The reference of the watermark bench, run as a process of its own: the barest sharp loop that marks the same pictures with the same
 * number of threads. `node bare-watermark.ts <threads> <out folder> <pictures…>`; prints one JSON line with the time it took.
 */
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp, { type OutputInfo } from 'sharp';

const [threadsText = '2', folder = '.', ...paths] = process.argv.slice(2);
const threads = Number(threadsText);
// One thread a picture, and so many pictures at once: as the stage processes do it.
sharp.concurrency(1);
sharp.cache(false);
const logo = fileURLToPath(new URL('../../node-agent/stages/assets/millrace-mark.png', import.meta.url));
const scaled = new Map<string, Promise<{ data: Buffer; info: OutputInfo }>>();

function logoFor(width: number, height: number): Promise<{ data: Buffer; info: OutputInfo }> {
  const key = `${width}x${height}`;
  const made =
    scaled.get(key) ??
    sharp(logo)
      .resize({ width: Math.round(width * 0.2), height: Math.round(height * 0.2), fit: 'inside' })
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
  scaled.set(key, made);
  return made;
}

async function mark(path: string): Promise<void> {
  const picture = sharp(path);
  const { width, height, orientation = 1 } = await picture.metadata();
  const upright = orientation < 5 ? { width, height } : { width: height, height: width };
  const { data, info } = await logoFor(upright.width, upright.height);
  const raw = { width: info.width, height: info.height, channels: info.channels };
  await picture
    .autoOrient()
    .composite([{ input: data, raw, left: upright.width - info.width - 10, top: 10 }])
    .keepMetadata()
    .jpeg({ quality: 90 })
    .toFile(join(folder, basename(path)));
}

await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
  .jpeg()
  .toBuffer();
const startMs = performance.now();
const left = [...paths];
await Promise.all(
  Array.from({ length: threads }, async () => {
    for (let path = left.shift(); path !== undefined; path = left.shift()) await mark(path);
  }),
);
process.stdout.write(`${JSON.stringify({ ms: performance.now() - startMs })}\n`);
