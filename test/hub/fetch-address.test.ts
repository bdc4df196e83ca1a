/** A logo by address: fetched from public addresses only, however the address is dressed up; bounded; no redirects. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { fetchAddress, isPublicAddress, type StoreBytes } from '../../main/hub/planner/fetch-address.ts';

const servers: Server[] = [];
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${(address satisfies AddressInfo).port}`;
}
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

const store: StoreBytes = async (bytes, { maxBytes }) => {
  let sizeBytes = 0;
  for await (const chunk of bytes) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw new Error('too large');
  }
  return { sha256: 'x', sizeBytes };
};
const anywhere = (): boolean => true;

describe('isPublicAddress', () => {
  test.each(['8.8.8.8', '93.184.216.34', '2606:4700::1111'])('%s is', (address) =>
    expect(isPublicAddress(address)).toBe(true));
  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fc00::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    'ff02::1',
    'not an address',
  ])('%s is not', (address) => expect(isPublicAddress(address)).toBe(false));
});

describe('fetchAddress', () => {
  test.each([
    'http://127.0.0.1/',
    'http://localhost/',
    'http://[::1]/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::ffff:127.0.0.1]/',
    'file:///etc/passwd',
    'ftp://example.org/x',
    'gopher://x/',
    'http://user:secret@example.org/',
    'nonsense',
  ])('refuses %s', async (address) => {
    await expect(fetchAddress(address, store)).rejects.toMatchObject({
      code: expect.stringMatching(/^logo_(address_refused|fetch_failed)$/),
    });
  });
  test('nothing reaches a server of this machine', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked++;
      response.end('x');
    });
    for (const host of ['127.0.0.1', 'localhost']) {
      await expect(fetchAddress(url.replace('127.0.0.1', host), store)).rejects.toMatchObject({
        code: 'logo_address_refused',
      });
    }
    expect(asked).toBe(0);
  });
  test('stores what an allowed address gives, with the name at its end', async () => {
    const url = await serve((_request, response) => response.end(Buffer.alloc(5_000)));
    expect(await fetchAddress(`${url}/a/logo%20b.png?x=1`, store, anywhere)).toEqual({
      sha256: 'x',
      sizeBytes: 5_000,
      name: 'logo b.png',
    });
  });
  test('follows no redirect', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/secret') return response.end('secret');
      return response.writeHead(302, { location: '/secret' }).end();
    });
    await expect(fetchAddress(`${url}/logo.png`, store, anywhere)).rejects.toMatchObject({ code: 'logo_fetch_failed' });
  });
  test('stops at the size limit', async () => {
    const url = await serve((_request, response) => {
      const chunk = Buffer.alloc(1 << 20);
      const send = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', send);
      };
      send();
    });
    await expect(fetchAddress(url, store, anywhere)).rejects.toMatchObject({ code: 'logo_fetch_failed' });
  });
});
