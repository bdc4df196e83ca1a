/** Writes the results of jobs to a folder under their real names: `DIR/<item's file name>/<artifact's name>`. */
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { freeName } from '../../common/file-names.ts';
import { MillraceError } from '../../contract/errors.ts';
import type { HubClient } from './hub-client.ts';

/** Fetches a blob into a file that is whole or not there. */
async function saveBlob(hub: HubClient, sha256: string, path: string): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.part`;
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    const bytes = await hub.fetchBytes('getBlob', { params: { sha256 } });
    await pipeline(bytes, hashing, createWriteStream(temporary, { flags: 'wx' }));
    if (hash.digest('hex') !== sha256) throw new MillraceError('input_digest_mismatch');
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * A saver for one run of a command: items of the same name get folders `photo.jpg`, `photo (2).jpg` …
 * @returns saves the artifacts of a job; answers the paths it wrote
 */
export function createArtifactSaver(hub: HubClient, folder: string): (jobId: string) => Promise<string[]> {
  const takenFolders = new Set<string>();
  return async (jobId) => {
    const job = await hub.call('getJob', { params: { id: jobId } });
    if (job.artifacts.length === 0) return [];
    const target = join(folder, freeName(job.item, takenFolders));
    await mkdir(target, { recursive: true });
    const taken = new Set<string>();
    const paths: string[] = [];
    for (const artifact of job.artifacts) {
      const path = join(target, freeName(artifact.name, taken));
      await saveBlob(hub, artifact.sha256, path);
      paths.push(path);
    }
    return paths;
  };
}
