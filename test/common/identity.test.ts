import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadOrCreateIdentity } from '../../common/identity.ts';
import { pinOfCertificate, pinOfKey } from '../../common/pins.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-identity-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('the identity of a machine', () => {
  it('is an EC P-256 key with a certificate signed by itself, kept in two files', async () => {
    const identity = await loadOrCreateIdentity(join(dir, 'identity'), 'Hub, of "Möwe"');
    const certificate = new X509Certificate(identity.certificatePem);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(certificate.subject).toBe('CN=Hub  of  Möwe');
    expect(certificate.ca).toBe(false);
    expect(identity.pin).toMatch(/^[0-9a-f]{64}$/);
    expect(identity.pin).toBe(pinOfKey(createPublicKey(identity.keyPem)));
    expect(identity.pin).toBe(pinOfCertificate(identity.certificatePem));
    expect((await stat(join(dir, 'identity/key.pem'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, 'identity'))).mode & 0o777).toBe(0o700);
  });

  it('stays the same at the next start', async () => {
    const first = await loadOrCreateIdentity(dir, 'a');
    expect(await loadOrCreateIdentity(dir, 'b')).toEqual(first);
  });

  it('makes a lost, damaged or foreign certificate anew around the same key', async () => {
    const first = await loadOrCreateIdentity(dir, 'a');
    const other = await loadOrCreateIdentity(join(dir, 'other'), 'b');
    for (const text of [undefined, 'no certificate', other.certificatePem]) {
      if (text === undefined) await rm(join(dir, 'cert.pem'));
      else await writeFile(join(dir, 'cert.pem'), text);
      const again = await loadOrCreateIdentity(dir, 'a');
      expect(again.pin).toBe(first.pin);
      expect(pinOfCertificate(again.certificatePem)).toBe(first.pin);
      expect(await readFile(join(dir, 'cert.pem'), 'utf8')).toBe(again.certificatePem);
    }
  });

  it('keeps its key locked by a passphrase, also one that was open before', async () => {
    const passphrase = 'p'.repeat(43);
    const open = await loadOrCreateIdentity(dir, 'a');
    const locked = await loadOrCreateIdentity(dir, 'a', passphrase);
    expect(locked).toEqual(open);
    expect(await loadOrCreateIdentity(dir, 'a', passphrase)).toEqual(open);
    const kept = await readFile(join(dir, 'key.pem'), 'utf8');
    expect(kept).toContain('ENCRYPTED PRIVATE KEY');
    expect((await stat(join(dir, 'key.pem'))).mode & 0o777).toBe(0o600);
    // Without the keychain, or with another one, it is no new machine but says so.
    await expect(loadOrCreateIdentity(dir, 'a')).rejects.toThrow(/locked by this system’s keychain/);
    await expect(loadOrCreateIdentity(dir, 'a', 'q'.repeat(43))).rejects.toThrow(/another passphrase/);
    expect(await readFile(join(dir, 'key.pem'), 'utf8')).toBe(kept);
  });

  it('does not become another machine when the key is damaged, but says so', async () => {
    await loadOrCreateIdentity(dir, 'a');
    await writeFile(join(dir, 'key.pem'), 'damaged');
    await expect(loadOrCreateIdentity(dir, 'a')).rejects.toThrow(/key\.pem cannot be read/);
    expect(await readFile(join(dir, 'key.pem'), 'utf8')).toBe('damaged');
  });
});
