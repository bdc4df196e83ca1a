/** Hands files to a hub one after the other and prints how long each took to be accepted: the median and the 99th percentile, ms. */
import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { createHubClient } from '../../../main/cli/hub-client.ts';

const [url = '', token = '', count = '200'] = process.argv.slice(2);
const client = createHubClient(url, token);
const batch = await client.call('createBatch', { body: { pipeline: 'watermark', options: {} } });
const times: number[] = [];
// The first ones warm the code up.
for (let number = -50; number < Number(count); number++) {
  const [r = 0, g = 0, b = 0] = randomBytes(3);
  const picture = { width: 40, height: 30 + (number & 31), channels: 3 as const, background: { r, g, b } };
  const bytes = await sharp({ create: picture }).png().toBuffer();
  const startedMs = performance.now();
  await client.call('addFileToBatch', {
    params: { id: batch.id },
    query: { name: `${number}.png` },
    body: { bytes, sizeBytes: bytes.length },
  });
  if (number >= 0) times.push(performance.now() - startedMs);
}
times.sort((a, b) => a - b);
const at = (share: number): number => Math.round((times[Math.floor(times.length * share)] ?? 0) * 10) / 10;
process.stdout.write(`${JSON.stringify({ p50: at(0.5), p99: at(0.99) })}\n`);
await client.close();
