/** What a pin is: the digest of a public key, by which machines know each other. */
import { createHash, type KeyObject, timingSafeEqual, X509Certificate } from 'node:crypto';

/** The pin of a public key: SHA-256 over its SubjectPublicKeyInfo (DER), lower-case hexadecimal. */
export function pinOfKey(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** The pin of the key in a certificate (PEM or DER). Throws when it cannot be read. */
export function pinOfCertificate(certificate: string | Uint8Array): string {
  return pinOfKey(new X509Certificate(certificate).publicKey);
}

/** True when both are the same pin; takes the same time wherever they differ. */
export function samePin(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
