/** Thumbnails on demand, made in a child process with limits and kept as DATA/previews/<sha256>-<size>.webp. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../../contract/errors.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import { createPreviewProcess, type PreviewProcessOptions } from './preview-process.ts';

export interface PreviewService {
  /**
   * Path of a WebP of the picture, upright, at most `size` px wide and high, never larger than the picture.
   * @throws MillraceError not_found, input_damaged, input_not_media, input_too_many_pixels, too_many_requests (queue full), disk_full
   */
  thumbnail(sha256: string, size: number): Promise<string>;
  stop(): Promise<void>;
}

export interface PreviewServiceOptions extends PreviewProcessOptions {
  /** DATA/previews. */
  readonly dir: string;
  readonly blobs: Pick<BlobStore, 'path' | 'size'>;
  /** Pixels that a picture may have, all frames together; 400 million by default. */
  maxPixels?(): number;
  /** Pictures that may wait; a page of the library is about 100. */
  readonly maxWaiting?: number;
}

/** Pictures that gave an error are not tried again and again by each page that shows them. */
const rememberedFailures = 1_000;

async function clearCutOff(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const name of await readdir(dir)) if (name.endsWith('.tmp')) await rm(join(dir, name), { force: true });
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

export function createPreviewService(options: PreviewServiceOptions): PreviewService {
  const { dir, blobs, maxPixels = () => 400_000_000, maxWaiting = 1_000 } = options;
  const worker = createPreviewProcess(options);
  const underWay = new Map<string, Promise<string>>();
  const failures = new Map<string, MillraceError>();
  /** One picture after the other; the first waits for the folder. A folder that cannot be made shows when a picture is written. */
  let turn: Promise<unknown> = clearCutOff(dir).catch(() => undefined);
  let stopped = false;

  const make = async (sha256: string, size: number, path: string): Promise<string> => {
    if (stopped) throw new MillraceError('not_ready', 'The hub is stopping.');
    const output = `${path}.${randomBytes(4).toString('hex')}.tmp`;
    try {
      await worker.make({ input: blobs.path(sha256), output, size, maxPixels: maxPixels() });
      await rename(output, path);
      return path;
    } catch (error) {
      await rm(output, { force: true });
      throw error;
    }
  };
  const remember = (sha256: string, error: unknown): void => {
    if (!(error instanceof MillraceError) || !error.code.startsWith('input_')) return;
    if (failures.size >= rememberedFailures) failures.clear();
    failures.set(sha256, error);
  };
  const find = async (sha256: string, size: number, key: string): Promise<string> => {
    const path = join(dir, `${key}.webp`);
    if (await isThere(path)) return path;
    const failed = failures.get(sha256);
    if (failed) throw failed;
    if ((await blobs.size(sha256)) === undefined) throw new MillraceError('not_found', 'These bytes are not here.');
    const mine = turn.then(() => make(sha256, size, path));
    turn = mine.catch((error: unknown) => remember(sha256, error));
    return mine;
  };

  return {
    thumbnail(sha256, size) {
      const key = `${sha256}-${size}`;
      const same = underWay.get(key);
      if (same) return same;
      if (underWay.size >= maxWaiting)
        return Promise.reject(new MillraceError('too_many_requests', 'Too many previews are being made.'));
      const found = find(sha256, size, key).finally(() => underWay.delete(key));
      underWay.set(key, found);
      return found;
    },
    async stop() {
      stopped = true;
      worker.stop();
      await turn;
    },
  };
}
