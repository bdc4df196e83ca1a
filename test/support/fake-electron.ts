/**
 * Stands in for Electron under plain Node, so that the built shell can be run end to end: windows record what is done to them, the
 * utility process is a real child process. Says every call to the parent process, and obeys its commands.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Told to the test, in order. */
function tell(call: string, detail: Record<string, unknown> = {}): void {
  process.send?.({ call, ...detail });
}

/** An event whose default can be prevented, as Electron's. */
const preventable = () => ({
  isPrevented: false,
  preventDefault() {
    this.isPrevented = true;
  },
});

type Handler = (event: object, ...args: unknown[]) => unknown;
const handlers = new Map<string, Handler>();
const listeners = new Map<string, Handler>();
const windows: BrowserWindow[] = [];
let hubProcess: ChildProcess | null = null;
const dataFolder = process.env['MILLRACE_DATA'] ?? join(tmpdir(), 'millrace-fake');

class App extends EventEmitter {
  readonly isPackaged = false;
  requestSingleInstanceLock(data: unknown): boolean {
    tell('requestSingleInstanceLock', { data });
    return process.env['FAKE_SECOND_INSTANCE'] !== '1';
  }
  whenReady(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
  getPath(name: string): string {
    return join(dataFolder, `electron-${name}`);
  }
  getVersion(): string {
    return '0.0.0-test';
  }
  quit(): void {
    const event = preventable();
    this.emit('before-quit', event);
    this.emit('will-quit', event);
    if (event.isPrevented) return;
    tell('quit');
    process.exit(0);
  }
  exit(code: number): void {
    tell('exit', { code });
    process.exit(code);
  }
}
export const app = new App();

class WebContents extends EventEmitter {
  url = '';
  openHandler: (() => { action: string }) | null = null;
  readonly session = {
    setPermissionRequestHandler: () => tell('setPermissionRequestHandler'),
    setPermissionCheckHandler: () => tell('setPermissionCheckHandler'),
    setDevicePermissionHandler: () => tell('setDevicePermissionHandler'),
  };
  getURL(): string {
    return this.url;
  }
  setWindowOpenHandler(handler: () => { action: string }): void {
    this.openHandler = handler;
  }
  reload(): void {
    tell('reload');
  }
  startDrag(item: { files: string[] }): void {
    tell('startDrag', { files: item.files });
  }
}

export class BrowserWindow extends EventEmitter {
  readonly webContents = new WebContents();
  constructor(options: { webPreferences: Record<string, unknown> }) {
    super();
    windows.push(this);
    tell('BrowserWindow', { webPreferences: options.webPreferences });
  }
  async loadURL(url: string): Promise<void> {
    // Chromium writes an origin with a slash.
    this.webContents.url = url.startsWith('http') ? new URL(url).href : url;
    tell('loadURL', { url, handlers: [...handlers.keys(), ...listeners.keys()] });
  }
  show(): void {}
  focus(): void {
    tell('focus');
  }
  isMinimized(): boolean {
    return false;
  }
  isDestroyed(): boolean {
    return false;
  }
}

export const utilityProcess = {
  fork(entry: string, args: string[], options: { env: NodeJS.ProcessEnv }) {
    const child = fork(entry, args, { env: options.env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    hubProcess = child;
    tell('fork', { entry, pid: child.pid });
    return Object.assign(new EventEmitter(), {
      pid: child.pid,
      stderr: child.stderr,
      postMessage: (message: object) => void child.send(message),
      kill: () => child.kill('SIGKILL'),
      on(event: string, listener: (value: unknown) => void) {
        child.on(event, (value: unknown) => listener(value));
        return this;
      },
    });
  },
};

/** A keychain that turns bytes around; on Linux real ones name their backend. */
export const safeStorage = {
  isEncryptionAvailable: () => process.env['FAKE_NO_KEYCHAIN'] !== '1',
  getSelectedStorageBackend: () => 'gnome_libsecret',
  encryptString: (text: string) => Buffer.from(text, 'utf8').reverse(),
  decryptString: (encrypted: Buffer) => Buffer.from(encrypted).reverse().toString('utf8'),
};

export const ipcMain = {
  handle: (channel: string, handler: Handler) => void handlers.set(channel, handler),
  on: (channel: string, handler: Handler) => void listeners.set(channel, handler),
};
export const dialog = {
  showOpenDialog: async () => ({ canceled: false, filePaths: [process.env['FAKE_CHOICE'] ?? ''] }),
  showErrorBox: (title: string, text: string) => tell('showErrorBox', { title, text }),
};
export const shell = { showItemInFolder: (path: string) => tell('showItemInFolder', { path }) };
const image = { resize: () => image };
export const nativeImage = { createFromPath: () => image };
export class Tray extends EventEmitter {
  setToolTip(): void {}
  setContextMenu(): void {
    tell('tray');
  }
  destroy(): void {}
}
export const Menu = { buildFromTemplate: (template: unknown) => template, setApplicationMenu: () => {} };

/** What the page would do, and what the system does. */
async function obey(command: {
  do: string;
  id: number;
  channel?: string;
  args?: unknown[];
  frameUrl?: string;
}): Promise<unknown> {
  const contents = windows.at(-1)?.webContents;
  const url = command.frameUrl ?? contents?.url ?? '';
  const event = { sender: contents, senderFrame: { parent: null, url } };
  switch (command.do) {
    case 'invoke':
      return await handlers.get(command.channel ?? '')?.(event, ...(command.args ?? []));
    case 'send':
      return listeners.get(command.channel ?? '')?.(event, ...(command.args ?? []));
    case 'navigate': {
      const event = preventable();
      contents?.emit('will-navigate', event, command.args?.[0]);
      return { isPrevented: event.isPrevented };
    }
    case 'open':
      return contents?.openHandler?.();
    case 'killHub':
      return hubProcess?.kill('SIGKILL');
    case 'secondInstance':
      return app.emit('second-instance', {}, [], '', command.args?.[0]);
    case 'closeWindow':
      return void app.emit('window-all-closed');
    default:
      throw new Error(`unknown command ${command.do}`);
  }
}

process.on('message', (command: Parameters<typeof obey>[0]) => {
  obey(command).then(
    (value) => process.send?.({ answer: command.id, value: value ?? null }),
    (error: unknown) =>
      process.send?.({ answer: command.id, error: error instanceof Error ? error.message : String(error) }),
  );
});
