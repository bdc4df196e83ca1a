/** Writes results to a folder under their real names: by the shell, by the browser's folder access, or as downloads. */
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { NamedBlob } from '../../contract/shell-api.ts';
import type { HubClient } from '../hub.ts';
import { type Parts, useParts } from '../parts.ts';
import { useErrorToast } from './use-error-toast.ts';

interface Outcome {
  readonly saved: number;
  readonly failed: readonly { readonly name: string; readonly message: string }[];
  /** Where the shell put them, to be shown. */
  readonly folder: string | null;
}
type OnProgress = (done: number, total: number) => void;

/** The newest result of each role and name of these items. */
async function resultsOf(client: HubClient, itemIds: readonly string[]): Promise<readonly NamedBlob[]> {
  const blobs: NamedBlob[] = [];
  for (const id of itemIds) {
    const item = await client.call('getItem', { params: { id } });
    const newest = new Map<string, NamedBlob>();
    for (const artifact of item.artifacts.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt)))
      newest.set(artifact.name, { sha256: artifact.sha256, name: artifact.name });
    blobs.push(...newest.values());
  }
  return blobs;
}

/** `photo.jpg`, `photo (2).jpg` … so that no result replaces another. */
export function withoutTwins(blobs: readonly NamedBlob[]): readonly NamedBlob[] {
  const taken = new Set<string>();
  return blobs.map(({ sha256, name }) => {
    const dot = name.lastIndexOf('.');
    const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
    let free = name;
    for (let number = 2; taken.has(free); number += 1) free = `${stem} (${number})${extension}`;
    taken.add(free);
    return { sha256, name: free };
  });
}

async function exists(folder: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  return folder.getFileHandle(name).then(
    () => true,
    () => false,
  );
}

async function freeName(folder: FileSystemDirectoryHandle, name: string): Promise<string> {
  const dot = name.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  let free = name;
  for (let number = 2; await exists(folder, free); number += 1) free = `${stem} (${number})${extension}`;
  return free;
}

async function saveToHandle(
  client: HubClient,
  blobs: readonly NamedBlob[],
  folder: FileSystemDirectoryHandle,
  onProgress: OnProgress,
): Promise<Outcome> {
  const failed: { name: string; message: string }[] = [];
  for (const [index, { sha256, name }] of blobs.entries()) {
    try {
      const file = await folder.getFileHandle(await freeName(folder, name), { create: true });
      const writable = await file.createWritable();
      await writable.write(await client.blob(sha256));
      await writable.close();
    } catch (thrown) {
      failed.push({ name, message: thrown instanceof Error ? thrown.message : String(thrown) });
    }
    onProgress(index + 1, blobs.length);
  }
  return { saved: blobs.length - failed.length, failed, folder: null };
}

/** One download each; the browser asks where, or uses its download folder. */
export async function download(client: HubClient, { sha256, name }: NamedBlob): Promise<void> {
  const address = URL.createObjectURL(await client.blob(sha256));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads the address after the click.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

async function saveBlobs(
  { client, shell }: Parts,
  blobs: readonly NamedBlob[],
  pick: Promise<FileSystemDirectoryHandle> | null,
  onProgress: OnProgress,
): Promise<Outcome | null> {
  if (shell !== null) {
    const folder = await shell.chooseFolder();
    return folder === null ? null : shell.saveArtifacts([...blobs], folder);
  }
  if (pick !== null) return saveToHandle(client, blobs, await pick, onProgress);
  for (const [index, blob] of blobs.entries()) {
    await download(client, blob);
    onProgress(index + 1, blobs.length);
  }
  return { saved: blobs.length, failed: [], folder: null };
}

export function useSaveResults() {
  const { t } = useTranslation();
  const parts = useParts();
  const showError = useErrorToast();
  const [progress, setProgress] = useState<{ done: number; total: number } | null>(null);

  const tell = (outcome: Outcome) => {
    const first = outcome.failed[0];
    if (outcome.saved > 0) notifications.show({ message: t('library.saved', { count: outcome.saved }) });
    if (first)
      notifications.show({
        color: 'red',
        message: t('library.savedNot', { count: outcome.failed.length, message: first.message }),
      });
    if (outcome.folder !== null && parts.shell !== null) void parts.shell.reveal(outcome.folder);
  };

  const saveItems = async (itemIds: readonly string[]) => {
    // The folder must be asked for while the click still counts as the user's wish.
    const pick =
      parts.shell === null && window.showDirectoryPicker
        ? window.showDirectoryPicker({ id: 'millrace', mode: 'readwrite' })
        : null;
    try {
      setProgress({ done: 0, total: itemIds.length });
      await pick;
      const blobs = withoutTwins(await resultsOf(parts.client, itemIds));
      if (blobs.length === 0) return notifications.show({ message: t('library.nothingToSave') });
      const outcome = await saveBlobs(parts, blobs, pick, (done, total) => setProgress({ done, total }));
      if (outcome !== null) tell(outcome);
    } catch (thrown) {
      const givenUp = thrown instanceof DOMException && thrown.name === 'AbortError';
      if (!givenUp) showError(thrown);
    } finally {
      setProgress(null);
    }
  };

  return { progress, saveItems };
}
