/** A large upload keeps the hub's memory flat, whichever way it comes. The hub is a process of its own; Linux tells its peak. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { platform } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { operations } from '../../contract/hub-api.ts';

const readySchema = z.object({ url: z.string(), token: z.string(), dir: z.string() });
/** `MILLRACE_TEST_UPLOAD_BYTES=2000000000` for the full size; the peak does not depend on it. */
const uploadBytes = Number(process.env['MILLRACE_TEST_UPLOAD_BYTES'] ?? 150_000_000);
const allowedBytes = 100_000_000;

describe.skipIf(platform() !== 'linux')(`memory during an upload of ${uploadBytes / 1e6} MB`, () => {
  let child: ChildProcess;
  let hub: z.output<typeof readySchema>;
  let batchId: string;
  beforeAll(async () => {
    child = spawn(process.execPath, [fileURLToPath(new URL('./programs/api-lab.ts', import.meta.url))], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [line] = child.stdout ? await once(child.stdout, 'data') : [];
    hub = readySchema.parse(JSON.parse(String(line)));
    const answer = await call('POST', '/batches', { 'content-type': 'application/json' }, [
      Buffer.from('{"pipeline":"watermark"}'),
    ]);
    batchId = operations.createBatch.response.parse(JSON.parse(answer.text)).id;
  });
  afterAll(async () => {
    const exited = once(child, 'exit');
    child.stdin?.end();
    await exited;
  });

  const call = async (method: string, path: string, headers: Record<string, string>, body: Iterable<Uint8Array>) => {
    const asking = request(`${hub.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${hub.token}`, ...headers },
    });
    const answered = once(asking, 'response');
    await Promise.all([pipeline(Readable.from(body, { highWaterMark: 2 }), asking), answered]);
    const [answer] = await answered;
    let text = '';
    for await (const piece of answer) text += String(piece);
    return { status: Number(answer.statusCode), location: String(answer.headers.location), text };
  };
  /** Different bytes for each upload, so that each is written. */
  function* payload(seed: number): Generator<Uint8Array> {
    const piece = Buffer.alloc(1 << 20, seed);
    for (let left = uploadBytes; left > 0; left -= piece.length) {
      piece.writeUInt32LE(left % 2 ** 32, 0);
      yield Buffer.from(piece.subarray(0, Math.min(left, piece.length)));
    }
  }
  const statusLine = async (name: string): Promise<number> => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1_024;
  };
  /** Bytes by which the hub's peak was above what it had before. */
  const growth = async (upload: () => Promise<void>): Promise<number> => {
    await writeFile(`/proc/${child.pid}/clear_refs`, '5');
    const before = await statusLine('VmRSS');
    await upload();
    return (await statusLine('VmHWM')) - before;
  };
  const octets = { 'content-type': 'application/octet-stream', 'content-length': String(uploadBytes) };

  it('as an octet stream', { timeout: 300_000 }, async () => {
    const grown = await growth(async () => {
      const answer = await call('POST', `/batches/${batchId}/files?name=big.jpg`, octets, payload(1));
      expect(answer.status).toBe(202);
      expect(answer.text).toContain('input_not_media');
    });
    expect(grown).toBeLessThan(allowedBytes);
  });

  it('as a form', { timeout: 300_000 }, async () => {
    const head =
      '--xyz\r\ncontent-disposition: form-data; name="f"; filename="big.jpg"\r\ncontent-type: application/octet-stream\r\n\r\n';
    function* form(): Generator<Uint8Array> {
      yield Buffer.from(head);
      yield* payload(2);
      yield Buffer.from('\r\n--xyz--\r\n');
    }
    const grown = await growth(async () => {
      const type = { 'content-type': 'multipart/form-data; boundary=xyz' };
      const answer = await call('POST', `/batches/${batchId}/files`, type, form());
      expect(answer.text).toContain('input_not_media');
    });
    expect(grown).toBeLessThan(allowedBytes);
  });

  it('by tus', { timeout: 300_000 }, async () => {
    const b64 = (text: string): string => Buffer.from(text).toString('base64');
    const tus = { 'tus-resumable': '1.0.0' };
    const grown = await growth(async () => {
      const metadata = `filename ${b64('big.jpg')},batchId ${b64(batchId)}`;
      const begun = await call(
        'POST',
        '/uploads',
        { ...tus, 'upload-length': String(uploadBytes), 'upload-metadata': metadata },
        [],
      );
      expect(begun.status).toBe(201);
      const path = begun.location.replace('/api/v1', '');
      const type = { ...tus, ...octets, 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
      const answer = await call('PATCH', path, type, payload(3));
      expect(answer.text).toContain('input_not_media');
    });
    expect(grown).toBeLessThan(allowedBytes);
  });

  it('and while it is read', { timeout: 300_000 }, async () => {
    const { createHash } = await import('node:crypto');
    const hash = createHash('sha256');
    for (const piece of payload(1)) hash.update(piece);
    const grown = await growth(async () => {
      const answer = await fetch(`${hub.url}/api/v1/blobs/${hash.digest('hex')}`, {
        headers: { authorization: `Bearer ${hub.token}` },
      });
      let bytes = 0;
      for await (const piece of answer.body ?? []) bytes += piece.length;
      expect(bytes).toBe(uploadBytes);
    });
    expect(grown).toBeLessThan(allowedBytes);
  });
});
