/** Turns what was dropped, pasted or chosen into files, walking folders. */

export interface FoundFiles {
  readonly files: readonly File[];
  /** What the user dropped itself, before folders were walked: the shell imports these by path. */
  readonly roots: readonly File[];
  readonly sizeBytes: number;
}

/** A drop of more than this is taken up to here; the library takes the rest in a second drop. */
const mostFiles = 50_000;
const ignored = /^(\.DS_Store|Thumbs\.db|desktop\.ini|\._.*)$/i;

const readBatch = (reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> =>
  new Promise((resolve, reject) => reader.readEntries(resolve, reject));
const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

async function walk(entries: FileSystemEntry[], into: File[], onCount: (count: number) => void): Promise<void> {
  const queue = [...entries];
  for (let entry = queue.shift(); entry !== undefined && into.length < mostFiles; entry = queue.shift()) {
    if (isFile(entry)) {
      if (ignored.test(entry.name)) continue;
      into.push(await fileOf(entry));
      if (into.length % 50 === 0) onCount(into.length);
    } else if (isFolder(entry)) {
      const reader = entry.createReader();
      // readEntries hands out at most 100 at a time, and an empty list at the end.
      for (let batch = await readBatch(reader); batch.length > 0; batch = await readBatch(reader)) queue.push(...batch);
    }
  }
}

const found = (files: readonly File[], roots: readonly File[]): FoundFiles => ({
  files,
  roots,
  sizeBytes: files.reduce((sum, file) => sum + file.size, 0),
});

/** Files of a drop or paste. Must be called within the event: the browser empties the transfer after it. */
export function filesOfTransfer(transfer: DataTransfer, onCount: (count: number) => void): Promise<FoundFiles> {
  const items = [...transfer.items].filter((item) => item.kind === 'file');
  const roots = [...transfer.files];
  const entries = items.map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0 || !entries.some(isFolder)) return Promise.resolve(filesOfList(roots));
  const files: File[] = [];
  return walk(entries, files, onCount).then(() => found(files, roots));
}

/** Files of a chooser. */
export function filesOfList(list: Iterable<File>): FoundFiles {
  const files = [...list].filter((file) => !ignored.test(file.name));
  return found(files, files);
}

/** True when a drag carries files (and not, say, a selected text or a picture of this window). */
export function carriesFiles(transfer: DataTransfer | null): boolean {
  return transfer?.types.includes('Files') === true && !transfer.types.includes('application/x-millrace');
}
