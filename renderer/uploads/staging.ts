/** What was dropped and is about to start: files being looked through, or ready with count and size. */
import { type Observable, observable } from '../live/observable.ts';
import type { FoundFiles } from './files-of-drop.ts';

export type Staged =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'reading'; readonly count: number }
  | { readonly kind: 'empty' }
  | { readonly kind: 'ready'; readonly found: FoundFiles }
  /** Local paths from the shell's own chooser. */
  | { readonly kind: 'paths'; readonly paths: readonly string[] };

export interface Staging {
  readonly staged: Observable<Staged>;
  /** Adds to what is staged already. */
  add(reading: Promise<FoundFiles>): void;
  addPaths(paths: readonly string[]): void;
  reading(count: number): void;
  clear(): void;
}

const merge = (before: FoundFiles | null, next: FoundFiles): FoundFiles =>
  before === null
    ? next
    : {
        files: [...before.files, ...next.files],
        roots: [...before.roots, ...next.roots],
        sizeBytes: before.sizeBytes + next.sizeBytes,
      };

export function createStaging(): Staging {
  const staged = observable<Staged>({ kind: 'nothing' });
  let ready: FoundFiles | null = null;
  return {
    staged,
    reading: (count) => staged.set({ kind: 'reading', count }),
    add(reading) {
      reading
        .then((found) => {
          if (found.files.length > 0) ready = merge(ready, found);
          staged.set(ready === null ? { kind: 'empty' } : { kind: 'ready', found: ready });
        })
        .catch(() => staged.set(ready === null ? { kind: 'empty' } : { kind: 'ready', found: ready }));
    },
    addPaths(paths) {
      ready = null;
      if (paths.length > 0) staged.set({ kind: 'paths', paths });
    },
    clear() {
      ready = null;
      staged.set({ kind: 'nothing' });
    },
  };
}
