/** The sign in the system's tray: opens the window, quits. */
import { Menu, nativeImage, Tray } from 'electron';
import type { Logger } from '../../common/log.ts';

/** @returns the tray, to be kept as long as it shall be seen; null where the system has none */
export function createTray(iconPath: string, actions: { open(): void; quit(): void }, logger: Logger): Tray | null {
  try {
    const tray = new Tray(nativeImage.createFromPath(iconPath).resize({ width: 22 }));
    tray.setToolTip('Millrace');
    tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: 'Open Millrace', click: () => actions.open() },
        { type: 'separator' },
        { label: 'Quit', click: () => actions.quit() },
      ]),
    );
    tray.on('click', () => actions.open());
    return tray;
  } catch (error) {
    logger.warn({ error }, 'there is no tray here');
    return null;
  }
}
