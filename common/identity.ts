/**
 * The identity of a hub or a node: an EC P-256 key and a self-signed certificate around it, in a folder of its own.
 * What others pin is the key; the certificate is only its wrapper and may be made anew at any time.
 */
// The certificate library needs this polyfill before it is loaded.
import 'reflect-metadata';
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { readTextIfThere, writeFileAtomic } from './files.ts';
import { pinOfCertificate, pinOfKey } from './pins.ts';

export interface Identity {
  /** PKCS#8. Never leaves the machine. */
  readonly keyPem: string;
  readonly certificatePem: string;
  /** SHA-256 over the DER of the public key (SubjectPublicKeyInfo), lower-case hexadecimal. */
  readonly pin: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Nobody of ours looks at the dates (spare PCs have dead clock batteries); other programs may, so they are wide. */
const notBefore = new Date('2020-01-01T00:00:00Z');
const notAfter = new Date('2099-12-31T23:59:59Z');

/** Commas and the like would end the name in X.500 text. */
function commonNameText(name: string): string {
  const clean = name.replace(/[^\p{L}\p{N} ._-]/gu, ' ').trim();
  return `CN=${clean.slice(0, 60) || 'millrace'}`;
}

/**
 * A certificate, signed by its own key, for TLS on both sides.
 * @param validity dates for tests of certificates that ran out; wide by default, since nobody looks at them
 */
export async function selfSignedCertificate(
  keyPem: string,
  commonName: string,
  validity: { notBefore: Date; notAfter: Date } = { notBefore, notAfter },
): Promise<string> {
  const key = createPrivateKey(keyPem);
  const pkcs8 = Uint8Array.from(key.export({ type: 'pkcs8', format: 'der' }));
  const spki = Uint8Array.from(createPublicKey(keyPem).export({ type: 'spki', format: 'der' }));
  const keys = {
    privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    publicKey: await crypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
  };
  const serial = randomBytes(16);
  serial[0] = (serial[0] ?? 0) & 0x7f;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial.toString('hex'),
    name: commonNameText(commonName),
    ...validity,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return certificate.toString('pem');
}

function newKeyPem(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
}

/** A new identity that is kept nowhere; for tests and for machines without a folder. */
export async function createIdentity(commonName: string): Promise<Identity> {
  const keyPem = newKeyPem();
  const certificatePem = await selfSignedCertificate(keyPem, commonName);
  return { keyPem, certificatePem, pin: pinOfKey(createPublicKey(keyPem)) };
}

/** True when the certificate is readable and wraps exactly this key. */
function wraps(certificatePem: string, pin: string): boolean {
  try {
    return pinOfCertificate(certificatePem) === pin;
  } catch {
    return false;
  }
}

const isLocked = (keyPem: string): boolean => keyPem.includes('ENCRYPTED PRIVATE KEY');

const lock = (keyPem: string, passphrase: string): string =>
  createPrivateKey(keyPem).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString();

/** The key as it is used, from the key as it is kept. */
function unlock(path: string, kept: string, passphrase: string | null): string {
  if (!isLocked(kept)) return kept;
  const away = `The key in ${path} is locked by this system’s keychain`;
  if (passphrase === null)
    throw new Error(`${away}: start Millrace with its window, or remove the key to be a new machine.`);
  try {
    return createPrivateKey({ key: kept, passphrase }).export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch (cause) {
    throw new Error(`${away}, which holds another passphrase now. Restore it, or remove the key to be a new machine.`, {
      cause,
    });
  }
}

/**
 * The identity kept in `dir` (`key.pem`, mode 0600, and `cert.pem`), made at the first call. A lost or damaged certificate is
 * made anew around the same key; a damaged key stops here, since a new one would silently be another machine.
 * @param passphrase locks the key on the disk (an open one is locked now); null: its mode alone protects it
 * @throws Error naming the file when `key.pem` cannot be read
 */
export async function loadOrCreateIdentity(
  dir: string,
  commonName: string,
  passphrase: string | null = null,
): Promise<Identity> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const keyPath = join(dir, 'key.pem');
  const certificatePath = join(dir, 'cert.pem');
  const keptKey = await readTextIfThere(keyPath);
  const keyPem = keptKey === undefined ? newKeyPem() : unlock(keyPath, keptKey, passphrase);
  let pin: string;
  try {
    pin = pinOfKey(createPublicKey(keyPem));
  } catch (cause) {
    throw new Error(`The key in ${keyPath} cannot be read. Restore it, or remove it to be a new machine.`, { cause });
  }
  const isKeptRight = keptKey !== undefined && (passphrase === null || isLocked(keptKey));
  if (!isKeptRight) await writeFileAtomic(keyPath, passphrase === null ? keyPem : lock(keyPem, passphrase), 0o600);
  const kept = await readTextIfThere(certificatePath);
  if (kept !== undefined && wraps(kept, pin)) return { keyPem, certificatePem: kept, pin };
  const certificatePem = await selfSignedCertificate(keyPem, commonName);
  await writeFileAtomic(certificatePath, certificatePem);
  return { keyPem, certificatePem, pin };
}
