/** The older systems' endpoints, asked with plain curl as their clients do. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { v7 as uuid } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { insertAttempt } from '../../main/hub/catalog/attempts.ts';
import { makePhoto } from '../fixtures/make-fixtures.ts';
import { type ApiLab, startApiLab } from '../support/api-lab.ts';

const run = promisify(execFile);

describe('aliases, by curl', () => {
  let lab: ApiLab;
  let photo: string;
  beforeAll(async () => {
    lab = await startApiLab({ legacyPorts: [0] });
    await mkdir(join(lab.dir, 'in'));
    photo = join(lab.dir, 'in', 'photo.jpg');
    await makePhoto(photo, { width: 300, height: 200 });
  });
  afterAll(() => lab.end());

  const curl = async (path: string, ...more: string[]): Promise<{ status: number; json: Record<string, unknown> }> => {
    const base = `http://127.0.0.1:${lab.api.legacyPorts[0]}`;
    const { stdout } = await run('curl', ['-sS', '-w', '\n%{http_code}', ...more, `${base}${path}`]);
    const at = stdout.lastIndexOf('\n');
    return {
      status: Number(stdout.slice(at + 1)),
      json: z.record(z.string(), z.unknown()).parse(JSON.parse(stdout.slice(0, at))),
    };
  };
  const submit = async (): Promise<string> => {
    const { json } = await curl('/media', '-F', `anything=@${photo}`);
    return z.uuid().parse(json['task_id']);
  };

  it('POST /media takes any single file part and answers the task at once', async () => {
    const { status, json } = await curl('/media', '-F', `anything=@${photo}`);
    expect(status).toBe(202);
    expect(json).toEqual({ task_id: expect.any(String), status: 'queued' });
    const empty = join(lab.dir, 'in', 'empty.jpg');
    await writeFile(empty, '');
    expect(await curl('/media', '-F', `file=@${empty}`)).toMatchObject({ status: 422, json: { code: 'input_empty' } });
    const two = await curl('/media', '-F', `a=@${photo}`, '-F', `b=@${photo}`);
    expect(two).toMatchObject({ status: 400, json: { code: 'request_invalid' } });
    expect(await curl('/media', '-F', 'x=1')).toMatchObject({ status: 400, json: { code: 'request_invalid' } });
    expect(await curl('/media', '-d', 'x=1')).toMatchObject({ status: 415, json: { code: 'media_type_unsupported' } });
    expect(await curl('/media')).toMatchObject({ status: 405, json: { code: 'method_not_allowed' } });
    const fromAPage = await curl('/media', '-F', `a=@${photo}`, '-H', 'Origin: http://evil.example');
    expect(fromAPage).toMatchObject({ status: 403, json: { code: 'forbidden' } });
  });

  it('GET /status/:id, /api/task/:id and /result/:id tell how a task is doing', async () => {
    const id = await submit();
    for (const path of [`/status/${id}`, `/api/task/${id}`])
      expect(await curl(path)).toEqual({ status: 200, json: { task_id: id, status: 'queued' } });
    expect(await curl(`/result/${id}`)).toEqual({ status: 202, json: { task_id: id, status: 'queued' } });
    expect(await curl(`/status/${uuid()}`)).toMatchObject({ status: 404, json: { code: 'not_found' } });
    expect(await curl('/status/42')).toMatchObject({ status: 404, json: { code: 'not_found' } });

    lab.catalog.run("UPDATE jobs SET state = 'running' WHERE id = @id", { id });
    expect((await curl(`/status/${id}`)).json['status']).toBe('started');
    lab.catalog.run("UPDATE jobs SET state = 'done', finished_ms = created_ms + 1500 WHERE id = @id", { id });
    const finished = await curl(`/result/${id}`);
    expect(finished).toMatchObject({
      status: 200,
      json: { task_id: id, status: 'finished', result: { file: 'photo.jpg', pipeline: 'watermark' } },
    });
    const error = JSON.stringify({ code: 'input_damaged', message: 'It ends too early.' });
    lab.catalog.run("UPDATE jobs SET state = 'quarantined', error = @error WHERE id = @id", { id, error });
    expect(await curl(`/status/${id}`)).toEqual({
      status: 200,
      json: { task_id: id, status: 'failed', error: 'It ends too early.' },
    });
  });

  it('POST /upload-final keeps the file and the line; a repeated key is answered the same', async () => {
    const post = (...more: string[]) =>
      curl('/upload-final', '-F', `file=@${photo};filename=watermarked_photo.jpg`, ...more);
    const first = await post('-F', 'worker_name=worker-1', '-H', 'Idempotency-Key: u1');
    expect(first).toMatchObject({ status: 200, json: { status: 'ok', stored_as: 'watermarked_photo.jpg' } });
    expect(await post('-F', 'worker_name=worker-1', '-H', 'Idempotency-Key: u1')).toEqual(first);
    expect((await post('-F', 'worker_name=worker-2')).json['stored_as']).toBe('watermarked_photo (2).jpg');
    expect(await post()).toMatchObject({ status: 400, json: { errors: [{ pointer: '/worker_name' }] } });
    expect((await readdir(join(lab.dir, 'central_storage'))).sort()).toEqual([
      'watermarked_photo (2).jpg',
      'watermarked_photo.jpg',
    ]);
    expect(await readFile(join(lab.dir, 'central_storage', 'watermarked_photo.jpg'))).toEqual(await readFile(photo));
    const lines = (await readFile(join(lab.dir, 'worker_activity.log'), 'utf8')).split('\n');
    expect(lines[0]).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] WORKER: worker-1 \| IMAGE: watermarked_photo\.jpg$/);
    expect(lines).toHaveLength(3);
  });

  it('GET /health, /api/health, /healthz and /readyz say how the hub is', async () => {
    expect(await curl('/health')).toMatchObject({ status: 200, json: { status: 'healthy' } });
    expect(await curl('/api/health')).toMatchObject({ status: 200, json: { status: 'healthy' } });
    expect(await curl('/healthz')).toMatchObject({ status: 200, json: { status: 'ok' } });
    expect(await curl('/readyz')).toMatchObject({ status: 200, json: { ready: true } });
    lab.readiness.push({ name: 'broker', ok: false, detail: 'The broker cannot be reached.' });
    expect(await curl('/readyz')).toMatchObject({ status: 503, json: { ready: false } });
    expect(await curl('/health')).toMatchObject({ status: 200, json: { status: 'degraded' } });
    lab.readiness.pop();
  });

  it('GET /api/stats and /api/jobs/:id/metrics tell times and memory', async () => {
    const id = await submit();
    const stageId = `${id}.watermark.main`;
    await lab.planner.commit(() => undefined);
    await expect
      .poll(
        () =>
          lab.catalog.get(z.object({ id: z.string() }), 'SELECT id FROM stages WHERE id = @stageId', { stageId })?.id,
      )
      .toBe(stageId);
    const nodeId = uuid();
    lab.catalog.run(
      `INSERT INTO nodes (id, name, pin, secret_hash, broker_password, local, capability, joined_ms) VALUES (@nodeId, 'n1', 'p', 'h', 'p', 0, '{}', 0)`,
      { nodeId },
    );
    insertAttempt(lab.catalog, { id: `${stageId}~1`, stageId, number: 1, nodeId, placedMs: 0 });
    lab.catalog.run(
      "UPDATE attempts SET state = 'done', processing_ms = 250, peak_memory_bytes = 90000000 WHERE stage_id = @stageId",
      { stageId },
    );
    lab.catalog.run("UPDATE jobs SET state = 'done', finished_ms = created_ms + 1500 WHERE id = @id", { id });
    expect(await curl(`/api/jobs/${id}/metrics`)).toMatchObject({
      status: 200,
      json: {
        job_id: id,
        status: 'finished',
        total_time_ms: 1_500,
        processing_time_ms: 250,
        peak_memory_bytes: 90_000_000,
      },
    });
    const { json } = await curl('/api/stats');
    expect(json).toMatchObject({
      counts: { done: 1 },
      mean_job_time_ms: 1_500,
      stages: [{ stage: 'watermark', done: 1, mean_processing_time_ms: 250 }],
    });
  });
});
