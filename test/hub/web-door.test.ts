/** The door for those who cannot pin keys: a page to log in, and nothing else without an API token. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { Agent, request } from 'undici';
import { v7 as uuid } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdentity } from '../../common/identity.ts';
import { silentLogger } from '../../common/log.ts';
import { pinOfCertificate } from '../../common/pins.ts';
import { operations } from '../../contract/hub-api.ts';
import { protocolVersion } from '../../contract/node.ts';
import type { TokenScope } from '../../contract/operations/tokens.ts';
import { hubConfig } from '../../main/cli/hub.ts';
import { loadPorts } from '../../main/hub/ports.ts';
import { openWebDoor, type WebDoorConfig } from '../../main/hub/web-door.ts';
import { type ApiLab, labCapability, startApiLab } from '../support/api-lab.ts';

let lab: ApiLab;
let uiFolder: string;
let door: string;
const trusting = new Agent({ connect: { rejectUnauthorized: false } });

const openDoor = async (config: WebDoorConfig, dataDir = lab.dir): Promise<number> =>
  openWebDoor({
    config,
    api: lab.api,
    host: '127.0.0.1',
    ports: await loadPorts(dataDir),
    dataDir,
    hubName: 'desk',
    logger: silentLogger,
  });
beforeAll(async () => {
  uiFolder = await mkdtemp(join(tmpdir(), 'mr-ui-'));
  await writeFile(join(uiFolder, 'index.html'), '<title>Millrace</title>');
  lab = await startApiLab({ uiFolder });
  door = `https://127.0.0.1:${await openDoor({ port: 0, certificate: null })}`;
});
afterAll(async () => {
  await trusting.destroy();
  await lab.end();
  await rm(uiFolder, { recursive: true });
});

const tokenOf = async (scope: TokenScope): Promise<string> => {
  const made = await lab.post('/api-tokens', { name: scope, scope });
  return operations.createApiToken.response.parse(await made.json()).token;
};
async function ask(
  path: string,
  token: string | null,
  headers: Record<string, string> = {},
  method = 'GET',
  body?: string,
) {
  const answer = await request(`${door}${path}`, {
    dispatcher: trusting,
    method,
    headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
    ...(body !== undefined && { body }),
  });
  const text = path.endsWith('/events') ? '' : await answer.body.text();
  answer.body.on('error', () => {}).destroy();
  return { status: answer.statusCode, text };
}
const json = { 'content-type': 'application/json' };

describe('the door for browsers', () => {
  it('shows strangers the page that asks for a token, and nothing else', async () => {
    const page = await ask('/', null);
    expect([page.status, page.text]).toEqual([200, '<title>Millrace</title>']);
    for (const path of ['/api/v1/farm', '/api/v1/events', '/health', '/readyz', '/api/stats', `/status/${uuid()}`])
      expect([path, (await ask(path, null)).status]).toEqual([path, 401]);
  });

  it('lets API tokens do what they may', async () => {
    const [reader, admin] = [await tokenOf('read'), await tokenOf('admin')];
    expect((await ask('/api/v1/farm', reader)).status).toBe(200);
    expect((await ask('/api/v1/events', reader)).status).toBe(200);
    const change = JSON.stringify({ hubName: 'renamed' });
    expect((await ask('/api/v1/settings', reader, json, 'PATCH', change)).status).toBe(403);
    expect((await ask('/api/v1/settings', admin, json, 'PATCH', change)).status).toBe(200);
  });

  it('knows neither the owner’s token nor machines', async () => {
    expect((await ask('/api/v1/farm', lab.token)).status).toBe(401);
    const { token } = await lab.registry.createToken({ uses: 1, ttlMs: 60_000 });
    const pin = 'a'.repeat(64);
    const machine = { protocol: protocolVersion, name: 'n', pin, capability: labCapability };
    const tries: [string, object][] = [
      ['/api/v1/nodes:join', { ...machine, token }],
      ['/api/v1/pairing-requests', machine],
    ];
    for (const [path, body] of tries)
      expect((await ask(path, null, json, 'POST', JSON.stringify(body))).status).toBe(403);
    const { nodeId, secret } = await lab.registry.join({ ...machine, token }, pin, false);
    const own = await ask(`/api/v1/blobs/${'b'.repeat(64)}/upload`, `mrn1.${nodeId}.${secret}`);
    expect(own.status).toBe(401);
  });

  it('refuses requests of other sites, also with a good token', async () => {
    const reader = await tokenOf('read');
    expect((await ask('/api/v1/farm', reader, { origin: 'https://elsewhere.example' })).status).toBe(403);
    expect((await ask('/api/v1/farm', reader, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await ask('/api/v1/farm', reader, { origin: door })).status).toBe(200);
  });

  it('shows a certificate of its own, not the key that nodes pin; or the owner’s', async () => {
    const shown = (port: number): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
          resolve(pinOfCertificate(socket.getPeerCertificate().raw));
          socket.destroy();
        });
        socket.once('error', reject);
      });
    expect(await shown(Number(new URL(door).port))).not.toBe(lab.identity.pin);
    const mine = await createIdentity('museum.example');
    const certificate = { certificateFile: join(uiFolder, 'cert.pem'), keyFile: join(uiFolder, 'key.pem') };
    await writeFile(certificate.certificateFile, mine.certificatePem);
    await writeFile(certificate.keyFile, mine.keyPem);
    expect(await shown(await openDoor({ port: 0, certificate }, uiFolder))).toBe(mine.pin);
    await writeFile(certificate.keyFile, (await createIdentity('another')).keyPem);
    await expect(openDoor({ port: 0, certificate }, uiFolder)).rejects.toThrow(/cannot be used/);
  });

  it('is off unless asked for, and its certificate comes with its key', () => {
    const usual = { port: 0, localNode: true, legacyPort: [], brokerPrefix: 'mr', logLevel: 'warn' } as const;
    expect(hubConfig(usual, {}).door).toBeNull();
    expect(hubConfig({ ...usual, door: 8443 }, {}).door).toEqual({ port: 8443, certificate: null });
    expect(() => hubConfig({ ...usual, door: 8443, doorCert: 'c.pem' }, {})).toThrow(/belong together/);
    expect(() => hubConfig({ ...usual, doorCert: 'c.pem', doorKey: 'k.pem' }, {})).toThrow(/belong together/);
  });
});
