/**
 * The desktop app's entry: one instance, the hub in its utility process, the window on the hub, and the few native things between
 * them. Owns their order and their end. Everything else is in shell/ and in the hub.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, type BrowserWindow, dialog, Menu, safeStorage, type Tray } from 'electron';
import { z } from 'zod';
import { dataFolder } from '../common/data-folder.ts';
import { createLogger, type Logger } from '../common/log.ts';
import type { ImportOrder, ShellSession } from '../contract/shell-api.ts';
import { registerHandlers } from './shell/handlers.ts';
import { forkHub } from './shell/hub-fork.ts';
import { type HubProcess, startHubProcess } from './shell/hub-process.ts';
import { keyPassphrase } from './shell/keychain.ts';
import { createTray } from './shell/tray.ts';
import { createWindow } from './shell/window.ts';

const here = (place: string): string => fileURLToPath(new URL(place, import.meta.url));
const iconPath = here('./shell/icon.png');
/** Files opened from outside go the usual way. */
const usualOrder: ImportOrder = { pipeline: 'watermark', options: {}, priority: 'normal', privacy: 'any' };
const secondLaunchSchema = z.object({ files: z.array(z.string().max(4_096)).max(10_000) });

/** Files on a command line; whatever looks like a switch is Chromium's. */
function filesOf(argv: readonly string[], folder: string): string[] {
  return argv.filter((arg) => !arg.startsWith('-')).map((arg) => (isAbsolute(arg) ? arg : resolve(folder, arg)));
}

/** The Node that runs node-agent, and the agent's file: packed beside the app, else the one that started us and the compiled one. */
function ownNode(): { nodeExecutable: string; agentEntry?: string } {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  if (!app.isPackaged) return { nodeExecutable: process.env['MILLRACE_NODE'] ?? name };
  const folder = join(process.resourcesPath, 'node-agent');
  return { nodeExecutable: join(folder, 'bin', name), agentEntry: join(folder, 'node-agent', 'index.js') };
}

interface Shell {
  open(): void;
  importFiles(paths: readonly string[]): void;
}

/** What the window shows while there is no hub to show it from. */
const waitingPage = `data:text/html,${encodeURIComponent(
  '<!doctype html><meta charset="utf-8"><title>Millrace</title><body style="font:16px sans-serif;margin:20vh auto;max-width:30em;color:#345">Millrace is starting …',
)}`;

function startShell(logger: Logger): Shell {
  const temporaryFolder = join(app.getPath('temp'), `millrace-drag-${process.pid}`);
  const logFolder = app.getPath('logs');
  mkdirSync(logFolder, { recursive: true });
  let window: BrowserWindow | null = null;
  let session: ShellSession | null = null;
  let tray: Tray | null = null;

  /** Loads the hub's page; again only when its address has changed, since the page follows a restart by itself. */
  const show = (): void => {
    if (window === null) return;
    const address = session?.url ?? waitingPage;
    const shown = window.webContents.getURL();
    if (session !== null && shown.startsWith(`${session.url}/`)) return;
    window.loadURL(address).catch((error: unknown) => logger.warn({ error, address }, 'the page could not be loaded'));
  };
  const dataDir = dataFolder(undefined, process.env);
  const hub = startHubProcess({
    logger,
    passphrase: keyPassphrase(safeStorage, dataDir, logger),
    fork: () =>
      forkHub(
        here('./hub/index.ts'),
        {
          dataDir,
          awaitsPassphrase: true,
          uiFolder: here('../../renderer'),
          ...ownNode(),
          version: app.getVersion(),
        },
        logFolder,
      ),
    onReady: (ready) => {
      session = ready;
      show();
    },
    onCannotStart: () =>
      dialog.showErrorBox(
        'Millrace cannot start',
        `The hub ended at once. Its log says why:\n${join(logFolder, 'hub.log')}`,
      ),
  });

  // Before any page is loaded: it may ask at once.
  registerHandlers({ hub, window: () => window, temporaryFolder, iconPath, logger });
  const open = (): void => {
    if (window !== null) {
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
      return;
    }
    window = createWindow({ preloadPath: here('./shell/preload.cjs'), iconPath, logger }, () => session?.url ?? null);
    window.on('closed', () => {
      window = null;
    });
    show();
  };
  open();
  tray = createTray(iconPath, { open, quit: () => app.quit() }, logger);
  endInOrder(hub, () => {
    tray?.destroy();
    rmSync(temporaryFolder, { recursive: true, force: true });
  });
  const importFiles = (paths: readonly string[]): void => {
    if (paths.length === 0) return;
    hub
      .session()
      .then(() => hub.importPaths(paths, usualOrder))
      .then(
        ({ accepted, refused }) => logger.info({ accepted, refused: refused.length }, 'files were opened'),
        (error: unknown) => logger.warn({ error }, 'files could not be opened'),
      );
  };
  return { open, importFiles };
}

/** Closing the last window ends the app; the hub ends first, in order. */
function endInOrder(hub: HubProcess, clean: () => void): void {
  let isStopped = false;
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  app.on('will-quit', (event) => {
    if (isStopped) return;
    event.preventDefault();
    void hub.stop().finally(() => {
      isStopped = true;
      clean();
      app.quit();
    });
  });
}

function main(): void {
  const logger = createLogger('info', (line) => void process.stderr.write(line), { part: 'shell' });
  const files = filesOf(process.argv.slice(app.isPackaged ? 1 : 2), process.cwd());
  if (!app.requestSingleInstanceLock({ files })) {
    logger.info({ files }, 'Millrace runs already; it opens these');
    app.quit();
    return;
  }
  let shell: Shell | null = null;
  // A Mac tells files this way, even before the app is ready.
  app.on('open-file', (event, path) => {
    event.preventDefault();
    if (shell === null) files.push(path);
    else shell.importFiles([path]);
  });
  app.on('second-instance', (_event, _argv, _folder, data) => {
    const parsed = secondLaunchSchema.safeParse(data);
    shell?.open();
    if (parsed.success) shell?.importFiles(parsed.data.files);
  });
  app.on('activate', () => shell?.open());
  if (process.platform !== 'darwin') Menu.setApplicationMenu(null);
  app.whenReady().then(
    () => {
      shell = startShell(logger);
      shell.importFiles(files);
    },
    (error: unknown) => {
      logger.error({ error }, 'the app could not start');
      app.exit(1);
    },
  );
}

main();
