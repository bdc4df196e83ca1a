/** Uploads against real servers that behave, and misbehave in every way. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createIdentity } from '../../common/identity.ts';
import { peerPin, serverTlsOptions } from '../../common/pinned-tls.ts';
import { errorRow } from '../../contract/errors.ts';
import { uploadFinalSummarySchema, uploadTimeoutMs } from '../../contract/stages/upload-final.ts';
import type { HubAccess } from '../../node-agent/stages/stage-implementation.ts';
import { createUploadStage, implementation } from '../../node-agent/stages/upload-final.ts';
import { makePhoto } from '../fixtures/make-fixtures.ts';
import { localInput, runUnit } from './support.ts';
import { answering, bodyOf, createTestServers, listen } from './test-servers.ts';

const timeoutMs = 600;
const stage = createUploadStage(timeoutMs);
let folder: string;
let photo: string;
const servers = createTestServers();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-upload-'));
  photo = join(folder, 'photo.jpg');
  await makePhoto(photo, { width: 300, height: 200 });
});
afterEach(() => servers.close());
afterAll(() => rm(folder, { recursive: true, force: true }));

const options = (targetUrl: string | null, more: object = {}) => ({
  targetUrl,
  workerName: 'worker-1',
  fileName: 'watermarked_photo.jpg',
  idempotencyKey: 'job.upload-final.main',
  ...more,
});

async function upload(
  targetUrl: string | null,
  more: { hub?: HubAccess; signal?: AbortSignal; options?: object } = {},
) {
  const { hub, signal } = more;
  const outcome = await runUnit(stage, folder, {
    options: options(targetUrl, more.options),
    inputs: [await localInput('file', photo)],
    ...(hub && { hub }),
    ...(signal && { signal }),
  });
  expect(outcome.outputs).toEqual([]);
  return uploadFinalSummarySchema.parse(outcome.summary);
}

const refusal = async (
  work: Promise<unknown>,
): Promise<{ code: string; message: string; details: Record<string, unknown> }> =>
  z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()).default({}) }).parse(
    await work.then(
      () => ({ code: 'done', message: '' }),
      (error: unknown) => error,
    ),
  );

describe('the form', () => {
  test('carries the bytes, the names and the key', async () => {
    const seen: { request: IncomingMessage; form: FormData }[] = [];
    const url = await servers.serve(async (request, response) => {
      const body = await bodyOf(request);
      // Node's own reader of forms, which is not the writer.
      const form = await new Response(new Uint8Array(body), {
        headers: { 'content-type': request.headers['content-type'] ?? '' },
      }).formData();
      expect(Number(request.headers['content-length'])).toBe(body.length);
      seen.push({ request, form });
      response.setHeader('content-type', 'application/json').end('{"stored_as":"watermarked_photo (2).jpg"}');
    });
    const summary = await upload(`${url}/deep/upload?to=x`, {
      options: { workerName: 'Wörker "eins"\n', fileName: 'größe "日本" 🖼.jpg' },
    });
    expect(summary).toEqual({ status: 200, storedAs: 'watermarked_photo (2).jpg' });
    const [first] = seen;
    expect(first?.request.method).toBe('POST');
    expect(first?.request.url).toBe('/deep/upload?to=x');
    expect(first?.request.headers['idempotency-key']).toBe('job.upload-final.main');
    expect(first?.request.headers.authorization).toBeUndefined();
    expect(first?.form.get('worker_name')?.toString().trim()).toBe('Wörker "eins"');
    const file = first?.form.get('file');
    if (!(file instanceof File)) throw new Error('no file in the form');
    expect(file.name.replaceAll('%22', '"')).toBe('größe "日本" 🖼.jpg');
    expect(file.type).toBe('image/jpeg');
    const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    expect(digest(new Uint8Array(await file.arrayBuffer()))).toBe(digest(await readFile(photo)));
  });

  test('a name and password in the address are sent as basic authentication, not in the address', async () => {
    const seen: (string | undefined)[] = [];
    const url = await servers.serve((request, response) => {
      seen.push(request.url, request.headers.authorization);
      answering((reply) => reply.end())(request, response);
    });
    await upload(url.replace('http://', 'http://us%40er:p%3Ass@'));
    expect(seen).toEqual(['/', `Basic ${Buffer.from('us@er:p:ss').toString('base64')}`]);
  });

  test.each([
    [200, 'plain text', undefined],
    [201, '', undefined],
    [204, '', undefined],
    [200, '{"stored_as": 5}', undefined],
    [202, `{"stored_as": "${'x'.repeat(301)}"}`, undefined],
  ])('%i with the answer %j is done', async (status, text, storedAs) => {
    const url = await servers.serve(
      answering((response) => response.writeHead(status).end(status === 204 ? undefined : text)),
    );
    expect((await upload(url)).storedAs).toBe(storedAs);
  });

  test('an answer without end is not read for ever', async () => {
    const url = await servers.serve(
      answering((response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.on('drain', more);
        more();
      }),
    );
    expect((await upload(url)).status).toBe(200);
  });
});

describe('refusals', () => {
  test.each([400, 401, 404, 413, 429, 500, 503])('%i is told with the beginning of the answer', async (status) => {
    const url = await servers.serve(
      answering((response) => response.writeHead(status).end(`no\n\x1b[31m ${'z'.repeat(500)}`)),
    );
    const { code, message, details } = await refusal(upload(url));
    expect(code).toBe('target_refused');
    expect(errorRow('target_refused').class).toBe('target');
    expect(details['status']).toBe(status);
    expect(details['answer']).toBe(`no [31m ${'z'.repeat(300)}`.slice(0, 300));
    expect(message).toContain(String(status));
  });

  test.each([301, 302, 307, 308])('a redirect (%i) is not followed', async (status) => {
    const asked: string[] = [];
    const url = await servers.serve((request, response) => {
      asked.push(request.url ?? '');
      answering((reply) => reply.writeHead(status, { location: '/elsewhere' }).end())(request, response);
    });
    expect(await refusal(upload(url))).toMatchObject({ code: 'target_refused', details: { status } });
    expect(asked).toEqual(['/']);
  });

  test.each([
    'http://169.254.169.254/latest',
    'http://[fe80::1]/',
    'http://[::ffff:169.254.169.254]/',
  ])('an address of the link itself (%s) is not connected to', async (url) => {
    expect(await refusal(upload(url))).toMatchObject({
      code: 'target_refused',
      message: expect.stringContaining('link itself'),
    });
  });

  test('an answer before the form was read', async () => {
    const url = await servers.serve((_, response) => {
      response.writeHead(413, { connection: 'close' }).end('too large');
    });
    expect(['target_refused', 'target_unreachable']).toContain((await refusal(upload(url))).code);
  });
});

describe('networks', () => {
  test('nobody listens', async () => {
    const server = createTcpServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const { code, details } = await refusal(upload(`http://127.0.0.1:${port}`));
    expect([code, details['reason']]).toEqual(['target_unreachable', 'ECONNREFUSED']);
  });

  test('a name that does not exist', async () => {
    expect((await refusal(upload('http://target.invalid/'))).code).toBe('target_unreachable');
  });

  test.each([
    ['closes at once', (socket: Socket) => socket.destroy()],
    ['resets while the form comes', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['answers nonsense', (socket: Socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n'))],
    [
      'ends within its answer',
      (socket: Socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf')),
    ],
  ])('a target that %s', async (_, handler) => {
    expect((await refusal(upload(await servers.serveTcp(handler)))).code).toBe('target_unreachable');
  });

  test('a plain target asked for TLS', async () => {
    const url = await servers.serve(answering((response) => response.end()));
    expect((await refusal(upload(url.replace('http:', 'https:')))).code).toBe('target_unreachable');
  });

  test('a TLS target whose certificate nobody vouches for', async () => {
    const identity = await createIdentity('stranger');
    const server = createTlsServer(
      { key: identity.keyPem, cert: identity.certificatePem },
      answering((r) => r.end()),
    );
    servers.adopt(server);
    expect((await refusal(upload(`https://127.0.0.1:${await listen(server)}`))).code).toBe('target_unreachable');
  });
});

describe('time', () => {
  const slow: [string, (socket: Socket) => void][] = [
    ['takes nothing', (socket) => socket.pause()],
    ['takes all and says nothing', (socket) => socket.resume()],
    [
      'begins an answer and stops',
      (socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf')),
    ],
  ];
  test.each(slow)('a target that %s', async (_, handler) => {
    const began = performance.now();
    const { code } = await refusal(upload(await servers.serveTcp(handler)));
    expect(code).toBe('target_timeout');
    expect(performance.now() - began).toBeGreaterThanOrEqual(timeoutMs - 50);
    expect(performance.now() - began).toBeLessThan(timeoutMs + 3_000);
  });

  test('dribbling does not stretch the limit', async () => {
    const url = await servers.serveTcp((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n'));
      const timer = setInterval(() => socket.write('x-more: 1\r\n'), 50);
      socket.once('close', () => clearInterval(timer));
    });
    expect((await refusal(upload(url))).code).toBe('target_timeout');
  });

  test('the stage of the registry has the contract’s 15 s', () => {
    expect(uploadTimeoutMs).toBe(15_000);
    expect(implementation).toMatchObject({ kind: 'upload-final', needsHub: true });
    expect(implementation.engine()).toContain('undici 8');
  });

  test('a dropped unit ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const reason = new Error('dropped by the hub');
    const url = await servers.serveTcp((socket) => socket.once('data', () => controller.abort(reason)));
    await expect(upload(url, { signal: controller.signal })).rejects.toBe(reason);
  });
});

describe('the hub as the target', () => {
  test('on this machine: plain http with the bearer', async () => {
    const seen: (string | undefined)[] = [];
    const url = await servers.serve((request, response) => {
      seen.push(request.url, request.headers.authorization);
      answering((reply) => reply.end('{"stored_as":"a.jpg"}'))(request, response);
    });
    const hub = { baseUrl: url, bearer: 'mrn1.a.b', pin: null, keyPem: '', certificatePem: '' };
    expect(await upload(null, { hub })).toEqual({ status: 200, storedAs: 'a.jpg' });
    expect(seen).toEqual(['/upload-final', 'Bearer mrn1.a.b']);
  });

  test('the bearer never goes to another machine in the clear, nor to an owner’s address', async () => {
    const hub = { baseUrl: 'http://192.0.2.1:8080', bearer: 'secret', pin: null, keyPem: '', certificatePem: '' };
    expect((await refusal(upload(null, { hub }))).code).toBe('stage_invalid_payload');
    const seen: (string | undefined)[] = [];
    const url = await servers.serve((request, response) => {
      seen.push(request.headers.authorization);
      answering((reply) => reply.end())(request, response);
    });
    await upload(url, { hub });
    expect(seen).toEqual([undefined]);
  });

  test('elsewhere: TLS to the pinned key only, with our own certificate shown', async () => {
    const [theirs, ours, other] = await Promise.all([
      createIdentity('hub'),
      createIdentity('node'),
      createIdentity('x'),
    ]);
    const pins: (string | null)[] = [];
    const server = createTlsServer(
      serverTlsOptions(theirs),
      answering((response) => response.end('{}')),
    );
    server.on('secureConnection', (socket) => pins.push(peerPin(socket)));
    servers.adopt(server);
    const baseUrl = `https://127.0.0.1:${await listen(server)}`;
    const { keyPem, certificatePem } = ours;
    const hub = { baseUrl, bearer: 'mrn1.a.b', pin: theirs.pin, keyPem, certificatePem };
    expect(await upload(null, { hub })).toEqual({ status: 200 });
    expect(pins).toEqual([ours.pin]);
    expect((await refusal(upload(null, { hub: { ...hub, pin: other.pin } }))).code).toBe('hub_identity_changed');
  });

  test('without any way to the hub it is a bad order', async () => {
    expect((await refusal(upload(null))).code).toBe('stage_invalid_payload');
  });
});

test('a missing file is our own trouble, not the target’s', async () => {
  const url = await servers.serve(answering((response) => response.end()));
  const input = { ...(await localInput('file', photo)), path: join(folder, 'gone.jpg') };
  const { code } = await refusal(runUnit(stage, folder, { options: options(url), inputs: [input] }));
  expect(code).not.toMatch(/^target_/);
});
