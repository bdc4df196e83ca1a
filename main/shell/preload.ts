/**
 * Puts `window.millrace` into the page: exactly `ShellApi`, nothing generic. Runs sandboxed and apart from the page's own scripts.
 * Paths that it gives to the shell are only those that the user dropped or chose: a page cannot make them up.
 */
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { ShellApi } from '../../contract/shell-api.ts';
import { channels } from './channels.ts';

const known = new Set<string>();
const remember = (paths: string[]): string[] => {
  for (const path of paths) if (path !== '') known.add(path);
  return paths;
};
/** Electron puts its own words before the message of a failed call. */
async function ask(channel: string, ...args: unknown[]) {
  try {
    return await ipcRenderer.invoke(channel, ...args);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(message.replace(/^Error invoking remote method '[^']*': (\w*Error: )?/, ''));
  }
}
const mustBeKnown = (path: string): void => {
  if (!known.has(path)) throw new Error('This path was not dropped or chosen.');
};

const api: ShellApi = {
  session: () => ask(channels.session),
  pathsOf: (files) => remember(files.map((file) => webUtils.getPathForFile(file))),
  importPaths: async (paths, order) => {
    paths.forEach(mustBeKnown);
    return await ask(channels.importPaths, paths, order);
  },
  chooseFiles: async () => remember(await ask(channels.chooseFiles)),
  chooseFolder: async () => {
    const folder = await ask(channels.chooseFolder);
    if (folder !== null) remember([folder]);
    return folder;
  },
  reveal: (path) => ask(channels.reveal, path),
  startDrag: (blobs) => ipcRenderer.send(channels.startDrag, blobs),
  saveArtifacts: async (blobs, folder) => {
    mustBeKnown(folder);
    return await ask(channels.saveArtifacts, blobs, folder);
  },
};

contextBridge.exposeInMainWorld('millrace', api);
