/**
 * The watermark stage alone against the barest sharp loop that gives the same picture, in one process, one picture at a time, in turns.
 * Run: `node test/bench/watermark-stage.bench.ts [--seconds N]`; prints one JSON line a set.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { implementation } from '../../node-agent/stages/watermark.ts';
import { makePhotos, scene } from '../fixtures/make-fixtures.ts';

const secondsAt = process.argv.indexOf('--seconds');
const seconds = secondsAt < 0 ? 8 : Number(process.argv[secondsAt + 1]);
const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
const logoPath = join(folder, 'logo.png');
await scene(512, 512, 4).png().toFile(logoPath);

/** What one would write without Millrace: the logo resized for each picture, composed, written at the same quality. */
async function bare(path: string, outputPath: string): Promise<void> {
  const { autoOrient } = await sharp(path).metadata();
  const mark = await sharp(logoPath)
    .resize(Math.round(autoOrient.width * 0.2), Math.round(autoOrient.height * 0.2), { fit: 'inside' })
    .toBuffer({ resolveWithObject: true });
  await sharp(path)
    .autoOrient()
    .keepIccProfile()
    .composite([{ input: mark.data, left: autoOrient.width - mark.info.width - 10, top: 10 }])
    .jpeg({ quality: 90 })
    .toFile(outputPath);
}

const never = new AbortController().signal;
async function stage(path: string): Promise<void> {
  const input = { sha256: '', sizeBytes: 0, mediaType: 'image/jpeg' };
  await implementation.run({
    options: {},
    inputs: [
      { role: 'image', path, ...input },
      { role: 'logo', path: logoPath, ...input },
    ],
    scratchDir: folder,
    signal: never,
    progress: () => {},
    hub: null,
  });
}

interface Measured {
  wallMs: number;
  cpuMs: number;
  count: number;
}

async function measure(into: Measured, work: () => Promise<void>): Promise<void> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  await work();
  into.wallMs += performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  into.cpuMs += (user + system) / 1_000;
  into.count++;
}

const sets = [
  { name: '0.4 megapixel', width: 730, height: 548, count: 20 },
  { name: '12 megapixel', width: 4_000, height: 3_000, count: 3 },
];
for (const { name, width, height, count } of sets) {
  const paths = await makePhotos(join(folder, name), count, { width, height });
  const nothing = (): Measured => ({ wallMs: 0, cpuMs: 0, count: 0 });
  const [bareResult, stageResult] = [nothing(), nothing()];
  const output = join(folder, 'bare.jpg');
  // Both once, so that neither pays for loading; this sets sharp's threads, too.
  await stage(paths[0] ?? '');
  await bare(paths[0] ?? '', output);
  const end = performance.now() + seconds * 1_000;
  for (let n = 0; performance.now() < end; n++) {
    const path = paths[n % paths.length] ?? '';
    await measure(bareResult, () => bare(path, output));
    await measure(stageResult, () => stage(path));
  }
  const each = ({ wallMs, cpuMs, count: units }: Measured) => ({
    wallUs: Math.round((wallMs / units) * 1_000),
    cpuUs: Math.round((cpuMs / units) * 1_000),
  });
  const [bareEach, stageEach] = [each(bareResult), each(stageResult)];
  const line = {
    set: name,
    pictures: stageResult.count,
    threads: sharp.concurrency(),
    cpu: cpus()[0]?.model,
    bare: bareEach,
    stage: stageEach,
    speedVsBare: Number((bareEach.wallUs / stageEach.wallUs).toFixed(3)),
    cpuSpeedVsBare: Number((bareEach.cpuUs / stageEach.cpuUs).toFixed(3)),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
await rm(folder, { recursive: true, force: true });
