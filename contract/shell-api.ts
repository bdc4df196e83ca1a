/**
 * What the desktop shell's preload puts on `window.millrace`: the few native things that a page cannot do by itself.
 * In a browser it is not there, and the window uses what the browser offers instead.
 */
import { z } from 'zod';
import { problemSchema } from './errors.ts';
import { sha256Schema } from './ids.ts';
import { prioritySchema, privacySchema } from './item.ts';
import { rawOptionsSchema } from './operations/operation.ts';

/** Where the hub is and the window's own token; never kept by the page. */
export const shellSessionSchema = z.object({ url: z.url(), token: z.string().min(1) });
export type ShellSession = z.infer<typeof shellSessionSchema>;

/** What is to be done with files: the same as an order over HTTP. */
export const importOrderSchema = z.object({
  pipeline: z.string().max(64),
  options: rawOptionsSchema,
  priority: prioritySchema,
  privacy: privacySchema,
});
export type ImportOrder = z.infer<typeof importOrderSchema>;

/** What became of files and folders given by path; folders are walked by the hub. */
export const importOutcomeSchema = z.object({
  batchId: z.string().nullable(),
  accepted: z.int().nonnegative(),
  refused: z.array(z.object({ name: z.string(), problem: problemSchema })),
});
export type ImportOutcome = z.infer<typeof importOutcomeSchema>;

/** A blob under the name that it shall have outside. */
export const namedBlobSchema = z.object({ sha256: sha256Schema, name: z.string().min(1).max(255) });
export type NamedBlob = z.infer<typeof namedBlobSchema>;

/** What became of files written to a folder. A name that is taken there gets a number. */
export const saveOutcomeSchema = z.object({
  folder: z.string(),
  saved: z.int().nonnegative(),
  failed: z.array(z.object({ name: z.string(), message: z.string() })),
});
export type SaveOutcome = z.infer<typeof saveOutcomeSchema>;

/** `window.millrace`. Every promise rejects with a message for the user when the shell cannot do it. */
export interface ShellApi {
  session(): Promise<ShellSession>;
  /** Local paths of dropped or pasted files, in their order; `''` for one that has none. */
  pathsOf(files: File[]): string[];
  /** Imports local files and folders over the shell's own port to the hub. */
  importPaths(paths: string[], order: ImportOrder): Promise<ImportOutcome>;
  /** Asks for files; empty when the user gave up. */
  chooseFiles(): Promise<string[]>;
  /** Asks for one folder; null when the user gave up. */
  chooseFolder(): Promise<string | null>;
  /** Shows a file or folder in the system's file manager. */
  reveal(path: string): Promise<void>;
  /** Begins a native drag of these blobs under their names; to be called from `dragstart`. */
  startDrag(blobs: NamedBlob[]): void;
  /** Writes blobs to a folder under their real names. */
  saveArtifacts(blobs: NamedBlob[], folder: string): Promise<SaveOutcome>;
}
