/**
 * The door for those who cannot pin keys: browsers of a headless hub, clients of older systems, programs with an API token. Off
 * unless asked for; TLS with the owner's certificate or one of its own making, and nothing without an API token but the login page.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { loadOrCreateIdentity } from '../../common/identity.ts';
import type { Logger } from '../../common/log.ts';
import type { Api, DoorCertificate } from './api/parts.ts';
import { reachableAt } from './nodes/addresses.ts';
import type { KeptPorts } from './ports.ts';

export interface WebDoorConfig {
  /** 0 takes the one of the last run if it is free, else any. */
  readonly port: number;
  /** PEM files of the owner's; null: a certificate of the hub's own making, about which browsers warn. */
  readonly certificate: { readonly certificateFile: string; readonly keyFile: string } | null;
}

export interface WebDoorParts {
  readonly config: WebDoorConfig;
  readonly api: Api;
  readonly host: string;
  readonly ports: KeptPorts;
  readonly dataDir: string;
  readonly hubName: string;
  readonly logger: Logger;
}

/** @throws Error with a sentence for the user when the files are not there or do not belong together */
async function readCertificate(files: NonNullable<WebDoorConfig['certificate']>): Promise<DoorCertificate> {
  const { certificateFile, keyFile } = files;
  try {
    const [certificatePem, keyPem] = await Promise.all([readFile(certificateFile, 'utf8'), readFile(keyFile, 'utf8')]);
    createSecureContext({ cert: certificatePem, key: keyPem });
    return { certificatePem, keyPem };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The door’s certificate (${certificateFile}) and key (${keyFile}) cannot be used: ${why}`, {
      cause,
    });
  }
}

/** Opens the door; it is closed with the API. @returns its port */
export async function openWebDoor(parts: WebDoorParts): Promise<number> {
  const { config, api, host, ports, dataDir, hubName, logger } = parts;
  // Another key than the one that nodes pin: whoever clicks a warning away shall not get used to that one.
  const certificate = config.certificate
    ? await readCertificate(config.certificate)
    : await loadOrCreateIdentity(join(dataDir, 'door'), hubName);
  const { port } = await ports.use('web', config.port, (wanted) => api.openWebDoor(certificate, host, wanted));
  const addresses = reachableAt(port).map((address) => `https://${address}`);
  const fingerprint = new X509Certificate(certificate.certificatePem).fingerprint256;
  if (config.certificate) logger.info({ addresses }, 'the door for browsers is open');
  else
    logger.warn(
      { addresses, fingerprint },
      'the door for browsers is open with a certificate of its own making: browsers warn, and nobody but the fingerprint tells this hub from an impostor',
    );
  return port;
}
