import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { problemSchema } from '../../contract/errors.ts';
import { operations } from '../../contract/hub-api.ts';
import { makePhoto } from '../fixtures/make-fixtures.ts';
import { type ApiLab, startApiLab } from '../support/api-lab.ts';

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const octets = { 'content-type': 'application/octet-stream' };
const filesSchema = operations.addFileToBatch.response;

describe('files through the API', () => {
  let lab: ApiLab;
  let photo: Buffer<ArrayBuffer>;
  beforeAll(async () => {
    lab = await startApiLab({ settings: { maxUploadBytes: 30_000_000 } });
    const path = join(lab.dir, 'photo.jpg');
    await makePhoto(path, { width: 640, height: 480, orientation: 6 });
    photo = Buffer.from(await readFile(path));
  });
  afterAll(() => lab.end());

  const newBatch = async (): Promise<string> => {
    const answer = await lab.post('/batches', { pipeline: 'watermark' });
    return operations.createBatch.response.parse(await answer.json()).id;
  };
  const problemOf = async (answer: Response) => problemSchema.parse(await answer.json());
  const putPhoto = async (): Promise<string> => {
    const answer = await lab.call('/blobs?name=logo.jpg', { method: 'POST', body: photo, headers: octets });
    return operations.putLooseBlob.response.parse(await answer.json()).sha256;
  };
  const file = (bytes: Uint8Array<ArrayBuffer>, name: string) => new File([bytes], name);
  const form = (fields: Record<string, string>, files: readonly File[]): FormData => {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.set(name, value);
    for (const one of files) data.append('files', one);
    return data;
  };

  it('takes one file as an octet stream and makes a job of it', async () => {
    const batchId = await newBatch();
    const answer = await lab.call(`/batches/${batchId}/files?name=${encodeURIComponent('Blüte 花.jpg')}`, {
      method: 'POST',
      body: photo,
      headers: octets,
    });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`/api/v1/batches/${batchId}`);
    const [accepted] = filesSchema.parse(await answer.json()).files;
    expect(accepted).toMatchObject({
      name: 'Blüte 花.jpg',
      item: { sha256: digest(photo), mediaType: 'image/jpeg', width: 480, height: 640 },
    });
  });

  it('takes a form with many files; a bad one never stops the rest', async () => {
    const batchId = await newBatch();
    const huge = new Uint8Array(30_000_001);
    const files = [
      file(photo, 'a.jpg'),
      file(new Uint8Array(0), 'empty.jpg'),
      file(huge, 'huge.jpg'),
      file(new TextEncoder().encode('no picture'), 'text.jpg'),
      file(photo, '../../evil.jpg'),
      ...Array.from({ length: 30 }, (_, n) => file(photo, `b${n}.jpg`)),
    ];
    const answer = await lab.call(`/batches/${batchId}/files`, { method: 'POST', body: form({}, files) });
    expect(answer.status).toBe(202);
    const accepted = filesSchema.parse(await answer.json()).files;
    expect(accepted).toHaveLength(files.length);
    const codes = accepted.map((one) => ('problem' in one ? one.problem.code : 'ok'));
    expect(codes.slice(0, 5)).toEqual(['ok', 'input_empty', 'input_too_large', 'input_not_media', 'input_unsafe_name']);
    expect(new Set(codes.slice(5))).toEqual(new Set(['ok']));
    expect(accepted.map((one) => one.name)).toEqual(files.map((one) => one.name));
  });

  it('takes pipeline, options and files in one form', async () => {
    const fields = { pipeline: 'watermark', options: '{"size": 30}', priority: 'now' };
    const answer = await lab.call('/jobs', { method: 'POST', body: form(fields, [file(photo, 'one.jpg')]) });
    expect(answer.status).toBe(202);
    const { batch, files } = operations.submitFiles.response.parse(await answer.json());
    expect(answer.headers.get('location')).toBe(`/api/v1/batches/${batch.id}`);
    expect(batch.priority).toBe('now');
    expect(files).toHaveLength(1);
    const wrongOption = await lab.call('/jobs', {
      method: 'POST',
      body: form({ ...fields, options: '{"size": 3000}' }, [file(photo, 'one.jpg')]),
    });
    expect((await problemOf(wrongOption)).code).toBe('option_invalid');
    const noJson = await lab.call('/jobs', { method: 'POST', body: form({ ...fields, options: '{' }, []) });
    expect((await problemOf(noJson)).errors?.[0]?.pointer).toBe('/options');
    const noForm = await lab.call('/jobs', { method: 'POST', body: photo, headers: octets });
    expect((await problemOf(noForm)).code).toBe('media_type_unsupported');
  });

  it('answers a repeated submit with its first answer, and refuses other files under its key', async () => {
    const submit = (name: string) =>
      lab.call('/jobs', {
        method: 'POST',
        body: form({ pipeline: 'watermark' }, [file(photo, name), file(new Uint8Array(0), 'empty.jpg')]),
        headers: { 'idempotency-key': 'submit-1' },
      });
    const first = operations.submitFiles.response.parse(await (await submit('k.jpg')).json());
    const again = await submit('k.jpg');
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await again.json()).toEqual(first);
    expect((await problemOf(await submit('other.jpg'))).code).toBe('idempotency_mismatch');
  });

  it('refuses before the bytes come: no batch, no name, too much announced', async () => {
    const missing = '01999999-9999-7999-8999-999999999999';
    const unknown = await lab.call(`/batches/${missing}/files?name=a.jpg`, {
      method: 'POST',
      body: photo,
      headers: octets,
    });
    expect((await problemOf(unknown)).code).toBe('not_found');
    const batchId = await newBatch();
    const nameless = await lab.call(`/batches/${batchId}/files`, { method: 'POST', body: photo, headers: octets });
    expect((await problemOf(nameless)).errors?.[0]?.pointer).toBe('/query/name');
    const announced: string = await new Promise((resolve, reject) => {
      let text = '';
      const socket = connect(lab.api.port, '127.0.0.1', () =>
        socket.write(
          `POST /api/v1/batches/${batchId}/files?name=a.jpg HTTP/1.1\r\nHost: 127.0.0.1:${lab.api.port}\r\nAuthorization: Bearer ${lab.token}\r\nContent-Type: application/octet-stream\r\nContent-Length: 40000000\r\n\r\n`,
        ),
      );
      socket.on('data', (bytes) => {
        text += bytes.toString();
        if (text.includes('input_too_large')) socket.destroy();
      });
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(announced).toContain('413');
  });

  it('answers why when a body of unknown length grows too large', async () => {
    const batchId = await newBatch();
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        if (sent > 40_000_000) controller.close();
        else controller.enqueue(new Uint8Array(65_536));
      },
    });
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: endless, headers: octets, duplex: 'half' };
    expect((await problemOf(await lab.call(`/batches/${batchId}/files?name=x.jpg`, init))).code).toBe(
      'input_too_large',
    );
    expect(await readdir(join(lab.dir, 'blobs', 'partial'))).toEqual([]);
  });

  it('drops what a broken connection left', async () => {
    const batchId = await newBatch();
    await new Promise<void>((resolve, reject) => {
      const socket = connect(lab.api.port, '127.0.0.1', () => {
        socket.write(
          `POST /api/v1/batches/${batchId}/files?name=a.jpg HTTP/1.1\r\nHost: 127.0.0.1:${lab.api.port}\r\nAuthorization: Bearer ${lab.token}\r\nContent-Type: application/octet-stream\r\nContent-Length: 20000000\r\n\r\n`,
        );
        socket.write(Buffer.alloc(2_000_000), () => {
          socket.destroy();
          resolve();
        });
      });
      socket.on('error', reject);
    });
    await expect.poll(() => readdir(join(lab.dir, 'blobs', 'partial'))).toEqual([]);
  });

  it('reads bytes: whole, by range, by condition', async () => {
    const sha256 = await putPhoto();
    const whole = await lab.call(`/blobs/${sha256}`);
    expect(whole.status).toBe(200);
    expect(whole.headers.get('etag')).toBe(`"${sha256}"`);
    expect(whole.headers.get('content-type')).toBe('image/jpeg');
    expect(whole.headers.get('content-disposition')).toBe('inline');
    expect(whole.headers.get('content-security-policy')).toContain('sandbox');
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(photo);
    const get = (headers: Record<string, string>, method = 'GET') => lab.call(`/blobs/${sha256}`, { method, headers });
    const part = await get({ range: 'bytes=100-199' });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 100-199/${photo.length}`);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(photo.subarray(100, 200));
    const tail = await get({ range: 'bytes=-50' });
    expect(Buffer.from(await tail.arrayBuffer())).toEqual(photo.subarray(-50));
    const open = await get({ range: `bytes=${photo.length - 7}-` });
    expect((await open.arrayBuffer()).byteLength).toBe(7);
    const beyond = await get({ range: `bytes=${photo.length}-` });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get('content-range')).toBe(`bytes */${photo.length}`);
    expect((await problemOf(beyond)).status).toBe(416);
    for (const range of ['bytes=1-2,5-6', 'lines=1-2', 'bytes=9-3', 'bytes=-'])
      expect([range, (await get({ range })).status]).toEqual([range, 200]);
    expect((await get({ range: 'bytes=0-9', 'if-range': `"${sha256}"` })).status).toBe(206);
    expect((await get({ range: 'bytes=0-9', 'if-range': '"other"' })).status).toBe(200);
    expect((await get({ 'if-none-match': `"x", W/"${sha256}"` })).status).toBe(304);
    const head = await get({}, 'HEAD');
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe(String(photo.length));
    expect((await problemOf(await lab.call(`/blobs/${'0'.repeat(64)}`))).code).toBe('not_found');
  });

  it('gives downloads their real names and never lets stored bytes run', async () => {
    const sha256 = await putPhoto();
    const named = await lab.call(`/blobs/${sha256}?name=${encodeURIComponent('Blüte "1".jpg')}`);
    expect(named.headers.get('content-disposition')).toBe(
      `attachment; filename="Bl_te _1_.jpg"; filename*=UTF-8''Bl%C3%BCte%20%221%22.jpg`,
    );
    await named.arrayBuffer();
    const script = '<script>alert(1)</script>';
    const { sha256: html } = await lab.blobs.put(Readable.from([Buffer.from(script)]), { maxBytes: 1_000 });
    const page = await lab.call(`/blobs/${html}`);
    expect(page.headers.get('content-type')).toBe('application/octet-stream');
    expect(page.headers.get('content-disposition')).toBe('attachment');
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await page.text()).toBe(script);
  });

  it('judges loose bytes by their content', async () => {
    const answer = await lab.call('/blobs?name=logo.png', {
      method: 'POST',
      body: photo,
      headers: { 'content-type': 'text/html' },
    });
    expect(answer.status).toBe(201);
    expect(await answer.json()).toEqual({ sha256: digest(photo), sizeBytes: photo.length, mediaType: 'image/jpeg' });
    const noPicture = await lab.call('/blobs', { method: 'POST', body: 'hello', headers: octets });
    expect((await problemOf(noPicture)).code).toBe('input_not_media');
  });

  it('lets pages show bytes by ticket, and nothing else', async () => {
    const sha256 = await putPhoto();
    const created = await lab.post('/media-tickets', {});
    expect(created.status).toBe(201);
    const { ticket, expiresAt } = operations.createMediaTicket.response.parse(await created.json());
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThanOrEqual(10 * 60_000);
    const status = async (path: string) => {
      const answer = await fetch(`${lab.api.url}/api/v1${path}`);
      await answer.arrayBuffer();
      return answer.status;
    };
    expect(await status(`/blobs/${sha256}?ticket=${ticket}`)).toBe(200);
    expect(await status(`/blobs/${sha256}/thumbnail?size=64&ticket=${ticket}`)).toBe(200);
    expect(await status(`/farm?ticket=${ticket}`)).toBe(401);
    expect(await status(`/blobs/${sha256}?ticket=${ticket.slice(0, -3)}abc`)).toBe(401);
    expect(await status(`/blobs/${sha256}?ticket=mt1.zzzzzzzz.${'A'.repeat(43)}`)).toBe(401);
    expect(await status(`/blobs/${sha256}`)).toBe(401);
  });

  it('makes thumbnails, upright and small, and keeps them', async () => {
    const sha256 = await putPhoto();
    const answer = await lab.call(`/blobs/${sha256}/thumbnail?size=100`);
    expect(answer.headers.get('content-type')).toBe('image/webp');
    const { default: sharp } = await import('sharp');
    const { width, height, format } = await sharp(await answer.arrayBuffer()).metadata();
    expect([format, width, height]).toEqual(['webp', 75, 100]);
    expect(await readdir(join(lab.dir, 'previews'))).toContain(`${sha256}-100.webp`);
    const again = await lab.call(`/blobs/${sha256}/thumbnail?size=100`, {
      headers: { 'if-none-match': `"${sha256}-100"` },
    });
    expect(again.status).toBe(304);
    const { sha256: text } = await lab.blobs.put(Readable.from([Buffer.from('no picture')]), { maxBytes: 1_000 });
    expect((await problemOf(await lab.call(`/blobs/${text}/thumbnail`))).code).toBe('input_not_media');
    expect((await problemOf(await lab.call(`/blobs/${'1'.repeat(64)}/thumbnail`))).code).toBe('not_found');
  });

  it('is resumable: tus 1.0, cut off, asked for its offset, over a restart of the hub', async () => {
    let tusLab = await startApiLab();
    try {
      const created = await tusLab.post('/batches', { pipeline: 'watermark' });
      const { id: batchId } = operations.createBatch.response.parse(await created.json());
      const tus = { 'tus-resumable': '1.0.0' };
      const b64 = (text: string): string => Buffer.from(text).toString('base64');
      const begin = (metadata: string) =>
        tusLab.call('/uploads', {
          method: 'POST',
          headers: { ...tus, 'upload-length': String(photo.length), 'upload-metadata': metadata },
        });
      const refused = await begin(`filename ${b64('a.jpg')}`);
      expect((await problemOf(refused)).code).toBe('request_invalid');
      const noBatch = await begin(`filename ${b64('a.jpg')},batchId ${b64('01999999-9999-7999-8999-999999999999')}`);
      expect((await problemOf(noBatch)).code).toBe('not_found');
      const begun = await begin(`filename ${b64('Blüte.jpg')},batchId ${b64(batchId)}`);
      expect(begun.status).toBe(201);
      expect([...begun.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      const path = (begun.headers.get('location') ?? '').replace('/api/v1', '');
      expect(path).toMatch(/^\/uploads\/[0-9a-f]{32}$/);
      const patch = (offset: number, bytes: Uint8Array<ArrayBuffer>) =>
        tusLab.call(path, {
          method: 'PATCH',
          body: bytes,
          headers: { ...tus, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' },
        });
      expect((await patch(0, photo.subarray(0, 1_000))).status).toBe(204);
      expect((await problemOf(await patch(10, photo.subarray(10)))).code).toBe('upload_offset_mismatch');
      const { dir } = tusLab;
      await tusLab.stop();
      tusLab = await startApiLab({ dir });
      const asked = await tusLab.call(path, { method: 'HEAD', headers: tus });
      expect(asked.headers.get('upload-offset')).toBe('1000');
      const finished = await patch(1_000, photo.subarray(1_000));
      expect(finished.status).toBe(200);
      const [accepted] = filesSchema.parse(await finished.json()).files;
      expect(accepted).toMatchObject({ name: 'Blüte.jpg', item: { sha256: digest(photo) } });
      expect(await readdir(join(dir, 'uploads'))).toEqual([]);
      expect((await tusLab.call('/uploads/../farm', { method: 'HEAD', headers: tus })).status).not.toBe(500);
      const stranger = await fetch(`${tusLab.api.url}/api/v1/uploads`, { method: 'POST', headers: tus });
      expect(stranger.status).toBe(401);
    } finally {
      await tusLab.end();
    }
  });

  it('finishes at the start what got its last byte before a crash', async () => {
    let tusLab = await startApiLab();
    try {
      const { id: batchId } = operations.createBatch.response.parse(
        await (await tusLab.post('/batches', { pipeline: 'watermark' })).json(),
      );
      const b64 = (text: string): string => Buffer.from(text).toString('base64');
      const begun = await tusLab.call('/uploads', {
        method: 'POST',
        headers: {
          'tus-resumable': '1.0.0',
          'upload-length': String(photo.length),
          'upload-metadata': `filename ${b64('late.jpg')},batchId ${b64(batchId)}`,
        },
      });
      const id = begun.headers.get('location')?.split('/').at(-1) ?? '';
      await tusLab.stop();
      // As when the process died between the last write and making work of it.
      const { writeFile } = await import('node:fs/promises');
      await writeFile(join(tusLab.dir, 'uploads', id), photo);
      tusLab = await startApiLab({ dir: tusLab.dir });
      const names = z.object({ rows: z.array(z.object({ name: z.string() })) });
      await expect
        .poll(async () => names.parse(await (await tusLab.call('/items')).json()).rows)
        .toMatchObject([{ name: 'late.jpg' }]);
    } finally {
      await tusLab.end();
    }
  });
});
