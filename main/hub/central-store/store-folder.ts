/** The folder central_storage: each upload under its name, a link to the blob or a copy of it. Never touches what it did not put there. */
import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { chmod, copyFile, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
const temporaryPrefix = '.millrace-';

export interface StoreFolder {
  /** Makes the folder and removes copies that were cut off. */
  open(): Promise<void>;
  /** Names in the folder. */
  names(): Promise<ReadonlySet<string>>;
  /** True when something lies under this name. Synchronous: it is asked inside a transaction. */
  has(name: string): boolean;
  /**
   * Puts the blob under the name; what lies there already stays.
   * @returns false when there was something
   */
  place(blobPath: string, name: string): Promise<boolean>;
}

export function createStoreFolder(dir: string): StoreFolder {
  const copy = async (blobPath: string, path: string): Promise<boolean> => {
    if (existsSync(path)) return false;
    const temporary = join(dir, `${temporaryPrefix}${randomBytes(6).toString('hex')}.tmp`);
    try {
      await copyFile(blobPath, temporary, constants.COPYFILE_FICLONE);
      await chmod(temporary, 0o644);
      await rename(temporary, path);
      return true;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  };
  return {
    async open() {
      await mkdir(dir, { recursive: true });
      for (const name of await readdir(dir))
        if (name.startsWith(temporaryPrefix) && name.endsWith('.tmp')) await rm(join(dir, name), { force: true });
    },
    names: async () => new Set((await readdir(dir)).map((name) => name.normalize('NFC'))),
    has: (name) => existsSync(join(dir, name)),
    async place(blobPath, name) {
      const path = join(dir, name);
      try {
        await link(blobPath, path);
        return true;
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false;
        // Another disk, a file system without links, too many links: a copy does as well. A missing blob does not.
        await stat(blobPath);
        return copy(blobPath, path);
      }
    },
  };
}
