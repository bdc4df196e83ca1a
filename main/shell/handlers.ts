/** Answers the window's few native wishes. Each message is parsed, and taken only from the window's own page. */
import { isAbsolute } from 'node:path';
import {
  type BrowserWindow,
  dialog,
  type IpcMainEvent,
  type IpcMainInvokeEvent,
  ipcMain,
  nativeImage,
  shell,
} from 'electron';
import { z } from 'zod';
import type { Logger } from '../../common/log.ts';
import { importOrderSchema, namedBlobSchema } from '../../contract/shell-api.ts';
import { materialise, saveBlobs } from './blob-files.ts';
import { channels } from './channels.ts';
import type { HubProcess } from './hub-process.ts';

const pathSchema = z.string().min(1).max(4_096).refine(isAbsolute, 'an absolute path');
const pathsSchema = z.array(pathSchema).min(1).max(10_000);
const blobsSchema = z.array(namedBlobSchema).min(1).max(10_000);

export interface HandlerParts {
  readonly hub: HubProcess;
  readonly window: () => BrowserWindow | null;
  /** Where files for dragging are put. */
  readonly temporaryFolder: string;
  /** PNG shown under the pointer while dragging. */
  readonly iconPath: string;
  readonly logger: Logger;
}

/** True when the message comes from the top page of our window, on the hub's address. */
async function isOurs(parts: HandlerParts, event: IpcMainInvokeEvent | IpcMainEvent): Promise<boolean> {
  const frame = event.senderFrame;
  if (frame === null || frame.parent !== null || event.sender !== parts.window()?.webContents) return false;
  const { url } = await parts.hub.session();
  return new URL(frame.url).origin === new URL(url).origin;
}

/** Must be called before the window loads its page: the page may ask at once. */
export function registerHandlers(parts: HandlerParts): void {
  const { hub, logger } = parts;
  const handle = (channel: string, answer: (...args: unknown[]) => unknown): void => {
    ipcMain.handle(channel, async (event, ...args: unknown[]) => {
      if (!(await isOurs(parts, event))) throw new Error('This page may not ask.');
      return await answer(...args);
    });
  };
  const choose = async (
    properties: ('openFile' | 'openDirectory' | 'multiSelections' | 'createDirectory')[],
  ): Promise<string[]> => {
    const window = parts.window();
    const chosen = window
      ? await dialog.showOpenDialog(window, { properties })
      : await dialog.showOpenDialog({ properties });
    return chosen.canceled ? [] : chosen.filePaths;
  };

  handle(channels.session, () => hub.session());
  handle(channels.importPaths, (paths, order) =>
    hub.importPaths(pathsSchema.parse(paths), importOrderSchema.parse(order)),
  );
  handle(channels.chooseFiles, () => choose(['openFile', 'multiSelections']));
  handle(channels.chooseFolder, async () => (await choose(['openDirectory', 'createDirectory']))[0] ?? null);
  handle(channels.reveal, (path) => shell.showItemInFolder(pathSchema.parse(path)));
  handle(channels.saveArtifacts, async (blobs, folder) =>
    saveBlobs(await hub.session(), blobsSchema.parse(blobs), pathSchema.parse(folder)),
  );

  const drag = async (event: IpcMainEvent, raw: unknown): Promise<void> => {
    if (!(await isOurs(parts, event))) return;
    const files = await materialise(await hub.session(), blobsSchema.parse(raw), parts.temporaryFolder);
    const icon = nativeImage.createFromPath(parts.iconPath).resize({ width: 64 });
    event.sender.startDrag({ file: files[0] ?? '', files, icon });
  };
  ipcMain.on(channels.startDrag, (event, blobs: unknown) => {
    drag(event, blobs).catch((error: unknown) => logger.warn({ error }, 'a drag could not begin'));
  });
}
