/** The one window: sandboxed, on the hub's loopback address, and nowhere else. */
import { BrowserWindow, type Session } from 'electron';
import type { Logger } from '../../common/log.ts';

export interface WindowParts {
  readonly preloadPath: string;
  readonly iconPath: string;
  readonly logger: Logger;
}

const isSameOrigin = (a: string, b: string): boolean => {
  try {
    return new URL(a).origin === new URL(b).origin;
  } catch {
    return false;
  }
};

/** Nothing is granted but writing text to the clipboard at a click. */
function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, decide) =>
    decide(permission === 'clipboard-sanitized-write'),
  );
  session.setPermissionCheckHandler((_contents, permission) => permission === 'clipboard-sanitized-write');
  session.setDevicePermissionHandler(() => false);
}

/** Makes the window; it shows itself once there is something to see. `home` gives the hub's address, which may change. */
export function createWindow(parts: WindowParts, home: () => string | null): BrowserWindow {
  const window = new BrowserWindow({
    width: 1_280,
    height: 800,
    minWidth: 360,
    minHeight: 480,
    show: false,
    title: 'Millrace',
    icon: parts.iconPath,
    autoHideMenuBar: true,
    backgroundColor: '#f6f3ee',
    webPreferences: {
      preload: parts.preloadPath,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    },
  });
  const { webContents } = window;
  denyPermissions(webContents.session);
  webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  const stayHome = (event: { preventDefault(): void }, url: string): void => {
    const address = home();
    if (address !== null && isSameOrigin(url, address)) return;
    event.preventDefault();
    parts.logger.warn({ url }, 'the window stays at the hub');
  };
  webContents.on('will-navigate', stayHome);
  webContents.on('will-redirect', stayHome);
  webContents.on('will-attach-webview', (event) => event.preventDefault());
  webContents.on('render-process-gone', (_event, details) => {
    parts.logger.error({ reason: details.reason }, 'the page died; it is loaded again');
    if (details.reason !== 'clean-exit' && !window.isDestroyed()) webContents.reload();
  });
  window.once('ready-to-show', () => window.show());
  return window;
}
