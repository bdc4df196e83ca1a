/** The child process that decodes strangers' pictures for thumbnails, one at a time. Whatever happens to it, the hub lives on. */
import sharp from 'sharp';
import { type PreviewAnswer, type PreviewOrder, previewOrderSchema } from './preview-protocol.ts';

sharp.cache(false);
sharp.concurrency(1);
// Only the formats that Millrace takes; drawings, documents and the like are never opened here.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpeg',
    'VipsForeignLoadPng',
    'VipsForeignLoadWebp',
    'VipsForeignLoadHeif',
    'VipsForeignLoadTiff',
    'VipsForeignLoadNsgif',
  ],
});

async function make({ input, output, size, maxPixels }: PreviewOrder): Promise<void> {
  await sharp(input, { limitInputPixels: maxPixels, sequentialRead: true, failOn: 'error' })
    .autoOrient()
    .resize({ width: size, height: size, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 80, effort: 3 })
    .toFile(output);
}

function failureOf(id: number, error: unknown): PreviewAnswer {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, 500);
  const code = /pixel limit/i.test(message)
    ? 'input_too_many_pixels'
    : /unsupported image format/i.test(message)
      ? 'input_not_media'
      : /ENOSPC|No space left/i.test(message)
        ? 'disk_full'
        : 'input_damaged';
  return { id, ok: false, code, message };
}

process.on('message', (message) => {
  const order = previewOrderSchema.parse(message);
  const answer = (reply: PreviewAnswer): void => void process.send?.(reply);
  make(order).then(
    () => answer({ id: order.id, ok: true }),
    (error: unknown) => answer(failureOf(order.id, error)),
  );
});
process.on('disconnect', () => process.exit(0));
