/**
 * The passphrase of the hub's key at rest, kept by the system's keychain where Electron offers one. The keychain's own secret stays
 * in the system; the file in the data folder is worthless without it.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../common/log.ts';

/** As much of Electron's safeStorage as is needed. */
export interface SafeStorage {
  isEncryptionAvailable(): boolean;
  encryptString(text: string): Buffer;
  decryptString(encrypted: Buffer): string;
  /** On Linux only. */
  getSelectedStorageBackend?(): string;
}

/** Linux without a keyring: Electron would use a password that everybody knows. */
const isHollow = (storage: SafeStorage): boolean =>
  process.platform === 'linux' &&
  ['basic_text', 'unknown'].includes(storage.getSelectedStorageBackend?.() ?? 'unknown');

/**
 * The passphrase, made at the first call. Null where there is no keychain, or where it does not open what it closed: then the key
 * file's mode alone protects it, and a hub whose key is locked says so.
 */
export function keyPassphrase(storage: SafeStorage, dataDir: string, logger: Logger): string | null {
  const path = join(dataDir, 'keychain.bin');
  try {
    if (!storage.isEncryptionAvailable() || isHollow(storage)) return null;
    if (existsSync(path)) return storage.decryptString(readFileSync(path));
    const passphrase = randomBytes(32).toString('base64url');
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    writeFileSync(path, storage.encryptString(passphrase), { mode: 0o600, flush: true });
    return passphrase;
  } catch (error) {
    logger.warn({ error }, 'the system’s keychain cannot be used');
    return null;
  }
}
