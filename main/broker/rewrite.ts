/**
 * The switch to new files: a new log begins, a snapshot of that instant is written beside it, and the manifest then names the two in
 * place of all files before. Every step leaves the folder loadable; what an end in the middle leaves behind is removed at the next start.
 *
 *   1. NNN.log is made, empty and on disk            the manifest names the old files: they hold everything
 *   2. the manifest lists NNN.log behind the others  it is empty
 *   3. the old log is completed and synced; from here records go to NNN.log. This is the snapshot's instant
 *   4. NNN.base.tmp is written and synced            old files + NNN.log hold everything
 *   5. it becomes NNN.base                           likewise
 *   6. the manifest names NNN.base and NNN.log alone the old files do not count any more
 *   7. the old files are removed
 *
 * When the old log is broken (a failed fsync), it cannot be completed: steps 2 and 3 are left out, and nothing is written to NNN.log
 * before step 6, so that the folder never loads records behind missing ones.
 */
import { createLog } from './aof-load.ts';
import type { Engine } from './engine.ts';
import type { FileSystem } from './file-system.ts';
import { FILE_HEADER_BYTES } from './frames.ts';
import { LogFile } from './log-file.ts';
import { baseName, logName, type Manifest, writeManifest } from './manifest.ts';
import { runSnapshot } from './snapshot.ts';

/** What the switch needs of the log that it is made for. */
export interface RewriteHost {
  readonly engine: Engine;
  readonly files: FileSystem;
  readonly dir: string;
  /** The folder's manifest, as it is on disk. */
  manifest: Manifest;
  /** The log being written. */
  readonly file: LogFile;
  /** Records cannot go to the present log any more, whatever happens. */
  readonly mustRewrite: boolean;
  /** Completes the present log, unless it is broken, and goes on in the new one. @returns the snapshot's number. @throws when it cannot be completed. */
  continueIn(file: LogFile): number;
  readonly cancelled: AbortSignal;
}

/** Does the whole switch. @returns the snapshot's size in bytes. Rejects when a step fails; then the log goes on as `host` has it. */
export async function rewriteFiles(host: RewriteHost): Promise<number> {
  const { files, dir } = host;
  const old = host.manifest;
  const number = old.newest + 1;
  const salt = await createLog(files, dir, number);
  if (!host.mustRewrite) {
    host.manifest = { ...old, logs: [...old.logs, logName(number)], newest: number };
    await writeManifest(files, dir, host.manifest);
    // What the switch itself has to sync, with everyone waiting, shall be little.
    await host.file.sync(host.engine.clock.monotonicMs());
  }
  await host.file.idle();
  const next = new LogFile(files, `${dir}/${logName(number)}`, { salt, sizeBytes: FILE_HEADER_BYTES, isSealed: false });
  const sizeBytes = await writeBase(host, number, next);
  host.manifest = { ...old, base: baseName(number), logs: [logName(number)], newest: number };
  await writeManifest(files, dir, host.manifest);
  for (const name of [old.base, ...old.logs]) {
    if (name === null) continue;
    // What stays is removed at the next start.
    await files
      .remove(`${dir}/${name}`)
      .catch((err: unknown) => host.engine.logger.warn({ err, name }, 'log: an old file stays'));
  }
  return sizeBytes;
}

/** Steps 3 to 5. */
async function writeBase(host: RewriteHost, number: number, next: LogFile): Promise<number> {
  const { files, dir } = host;
  const path = `${dir}/${baseName(number)}`;
  let id: number;
  try {
    id = host.continueIn(next);
  } catch (error) {
    next.close();
    throw error;
  }
  let fd = -1;
  try {
    // Begun before anything is waited for: its instant is that of the new log.
    const sink = {
      write: async (bytes: Buffer): Promise<void> => {
        if (fd < 0) fd = files.open(`${path}.tmp`, 'create');
        await files.writeLater(fd, bytes);
      },
      sync: () => files.sync(fd),
    };
    const sizeBytes = await runSnapshot(host.engine, id, sink, host.cancelled);
    files.close(fd);
    fd = -1;
    await files.rename(`${path}.tmp`, path);
    await files.syncFolder(dir);
    return sizeBytes;
  } catch (error) {
    if (fd >= 0) files.close(fd);
    await files.remove(`${path}.tmp`).catch(() => undefined);
    throw error;
  }
}
