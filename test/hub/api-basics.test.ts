import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { problemSchema } from '../../contract/errors.ts';
import { operations } from '../../contract/hub-api.ts';
import type { Operation } from '../../contract/operations/operation.ts';
import { methodFinder, routerPath } from '../../main/hub/api/route-path.ts';
import { type ApiLab, startApiLab } from '../support/api-lab.ts';

const someId = '01999999-9999-7999-8999-999999999999';

describe('paths', () => {
  it('are written as the router wants them', () => {
    expect(routerPath('/jobs/{id}:retry')).toBe('/jobs/:id([^/:]+)::retry');
    expect(routerPath('/jobs:retry')).toBe('/jobs::retry');
    expect(routerPath('/nodes/{id}/heartbeat')).toBe('/nodes/:id/heartbeat');
    const methods = methodFinder([
      { method: 'GET', path: '/jobs/{id}' },
      { method: 'POST', path: '/jobs/{id}:retry' },
    ]);
    expect(methods('/jobs/x:retry')).toEqual(['POST']);
    expect(methods('/jobs/x')).toEqual(['GET']);
    expect(methods('/jobs')).toEqual([]);
  });
});

describe('API', () => {
  let lab: ApiLab;
  let uiFolder: string;
  beforeAll(async () => {
    uiFolder = await mkdtemp(join(tmpdir(), 'mr-ui-'));
    await mkdir(join(uiFolder, 'assets'));
    await writeFile(join(uiFolder, 'index.html'), '<!doctype html><title>Millrace</title>');
    await writeFile(join(uiFolder, 'assets', 'app-1234.js'), 'export {};');
    lab = await startApiLab({ uiFolder, legacyPorts: [0] });
  });
  afterAll(async () => {
    await lab.end();
    await rm(uiFolder, { recursive: true, force: true });
  });
  const problemOf = async (answer: Response) => {
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    const problem = problemSchema.parse(await answer.json());
    expect(problem.status).toBe(answer.status);
    return problem;
  };
  /** With headers that fetch does not let one set. */
  const raw = (path: string, headers: Record<string, string>, port = lab.api.port): Promise<number> =>
    new Promise((resolve, reject) => {
      httpRequest(
        { host: '127.0.0.1', port, path, headers: { authorization: `Bearer ${lab.token}`, ...headers } },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        },
      )
        .on('error', reject)
        .end();
    });

  it('answers the farm, checked against its schema', async () => {
    const answer = await lab.call('/farm');
    expect(answer.status).toBe(200);
    expect(operations.getFarm.response.parse(await answer.json()).counts.waiting).toBe(0);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('asks for a token, and for one with the right scope', async () => {
    const without = await fetch(`${lab.api.url}/api/v1/farm`);
    expect(without.headers.get('www-authenticate')).toBe('Bearer');
    expect((await problemOf(without)).code).toBe('unauthorized');
    const wrong = await lab.call('/farm', { headers: { authorization: 'Bearer mra1.wrong' } });
    expect((await problemOf(wrong)).code).toBe('unauthorized');
    const notANode = await lab.post(`/nodes/${someId}/heartbeat`, {});
    expect((await problemOf(notANode)).code).toBe('forbidden');
  });

  it('every operation but the public ones refuses strangers', async () => {
    for (const [name, operation] of Object.entries<Operation>(operations)) {
      const path = operation.path.replace('{id}', someId).replace('{sha256}', 'a'.repeat(64));
      const answer = await fetch(`${lab.api.url}/api/v1${path}`, { method: operation.method });
      const code = answer.ok ? 'ok' : (await problemOf(answer)).code;
      if (operation.scope === 'public') expect([name, code]).not.toEqual([name, 'unauthorized']);
      else expect([name, code]).toEqual([name, 'unauthorized']);
      if (answer.ok) await answer.body?.cancel();
    }
  });

  it('knows only its own names: a rebound name and other sites are refused', async () => {
    const { port } = lab.api;
    expect(await raw('/api/v1/farm', { host: `localhost:${port}` })).toBe(200);
    expect(await raw('/api/v1/farm', { host: `[::1]:${port}` })).toBe(200);
    expect(await raw('/api/v1/farm', { host: `evil.example:${port}` })).toBe(403);
    expect(await raw('/api/v1/farm', { host: 'localhost' })).toBe(403);
    expect(await raw('/healthz', { host: `evil.example:${port}` })).toBe(403);
    expect(await raw('/', { host: `evil.example:${port}` })).toBe(403);
    const own = { host: `127.0.0.1:${port}` };
    expect(await raw('/api/v1/farm', { ...own, origin: `http://127.0.0.1:${port}` })).toBe(200);
    for (const origin of ['http://evil.example', 'null', `http://localhost:${port}`, `https://127.0.0.1:${port}`])
      expect(await raw('/api/v1/farm', { ...own, origin })).toBe(403);
    expect(await raw('/api/v1/farm', { ...own, 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await raw('/', { ...own, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).toBe(200);
  });

  it('answers every error as a problem of the table', async () => {
    expect((await problemOf(await lab.call('/nothing'))).code).toBe('not_found');
    const wrongMethod = await lab.call('/farm', { method: 'DELETE' });
    expect(wrongMethod.headers.get('allow')).toBe('GET');
    expect((await problemOf(wrongMethod)).code).toBe('method_not_allowed');
    const json = { 'content-type': 'application/json' };
    expect((await problemOf(await lab.call('/batches', { method: 'POST', body: '{oops', headers: json }))).code).toBe(
      'request_invalid',
    );
    expect((await problemOf(await lab.call('/batches', { method: 'POST', headers: json }))).code).toBe(
      'request_invalid',
    );
    expect(
      (
        await problemOf(
          await lab.call('/batches', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }),
        )
      ).code,
    ).toBe('media_type_unsupported');
    expect((await problemOf(await lab.post('/batches', { pipeline: 'x'.repeat(2_000_000) }))).code).toBe(
      'input_too_large',
    );
    const fields = await problemOf(
      await lab.post('/batches', { pipeline: 'watermark', priority: 'soon', options: [] }),
    );
    expect(fields.code).toBe('request_invalid');
    expect(fields.errors?.map((one) => one.pointer).sort()).toEqual(['/options', '/priority']);
    expect(fields.instance).toBe('/api/v1/batches');
    const query = await problemOf(await lab.call('/items?limit=0'));
    expect(query.errors?.[0]?.pointer).toBe('/query/limit');
    expect((await problemOf(await lab.call('/jobs/nonsense'))).errors?.[0]?.pointer).toBe('/params/id');
    expect((await problemOf(await lab.call(`/jobs/${someId}`))).code).toBe('not_found');
    expect((await problemOf(await lab.post(`/jobs/${someId}:retry`, {}))).code).toBe('not_found');
    expect((await problemOf(await lab.post('/batches', { pipeline: 'juggle' }))).code).toBe('pipeline_unknown');
    expect((await problemOf(await lab.call('/%zz'))).code).toBe('request_invalid');
  });

  it('answers what is no HTTP, and headers without end', async () => {
    const answerTo = (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        let answer = '';
        const socket = connect(lab.api.port, '127.0.0.1', () => socket.write(text));
        socket.on('data', (bytes) => {
          answer += bytes.toString();
        });
        socket.on('close', () => resolve(answer));
        socket.on('error', reject);
      });
    expect(await answerTo('BLA\r\n\r\n')).toContain('application/problem+json');
    expect(await answerTo(`GET / HTTP/1.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`)).toContain('too long');
  });

  it('does not wait for headers that never end', async () => {
    const socket = connect(lab.api.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n'));
    const drip = setInterval(() => socket.write('X-More: y\r\n'), 500);
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'close');
    clearInterval(drip);
  });

  it('describes itself: OpenAPI 3.1 with every operation', async () => {
    const answer = await fetch(`${lab.api.url}/api/v1/openapi.json`);
    const documentSchema = z.object({
      openapi: z.literal('3.1.0'),
      paths: z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string() }))),
    });
    const text = await answer.text();
    const { paths } = documentSchema.parse(JSON.parse(text));
    const described = Object.values(paths).flatMap((methods) => Object.values(methods).map((one) => one.operationId));
    expect(described.sort()).toEqual(Object.keys(operations).sort());
    expect(paths['/api/v1/jobs/{id}:retry']?.['post']?.['parameters']).toMatchObject([{ in: 'path', name: 'id' }]);
    expect(paths['/api/v1/batches']?.['post']?.['requestBody']).toMatchObject({ content: { 'application/json': {} } });
    expect(paths['/api/v1/batches/{id}/files']?.['post']?.['requestBody']).toMatchObject({
      content: { 'application/octet-stream': {}, 'multipart/form-data': {} },
    });
    expect(paths['/api/v1/farm']?.['get']?.['responses']).toMatchObject({
      200: { content: { 'application/json': {} } },
      default: { content: { 'application/problem+json': {} } },
    });
  });

  it('serves the window under a strict policy', async () => {
    const page = await fetch(`${lab.api.url}/`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('Millrace');
    expect(page.headers.get('content-security-policy')).toMatch(/script-src 'self'(;|$)/);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const asset = await fetch(`${lab.api.url}/assets/app-1234.js`);
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect(asset.headers.get('content-type')).toContain('javascript');
    expect((await fetch(`${lab.api.url}/assets/%2e%2e/%2e%2e/catalog.sqlite`)).status).toBe(404);
  });

  it('serves only the old endpoints on the ports of the older systems', async () => {
    const port = lab.api.legacyPorts[0] ?? 0;
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    const farm = await fetch(`http://127.0.0.1:${port}/api/v1/farm`, {
      headers: { authorization: `Bearer ${lab.token}` },
    });
    expect(farm.status).toBe(404);
  });

  it('answers the same key the same, and refuses another request under it', async () => {
    const order = { pipeline: 'watermark', name: 'once' };
    const first = await lab.post('/batches', order, { 'idempotency-key': 'k-1' });
    expect(first.status).toBe(201);
    const batch = operations.createBatch.response.parse(await first.json());
    expect(first.headers.get('location')).toBe(`/api/v1/batches/${batch.id}`);
    const again = await lab.post('/batches', order, { 'idempotency-key': 'k-1' });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await again.json()).toEqual(batch);
    const other = await lab.post('/batches', { ...order, name: 'twice' }, { 'idempotency-key': 'k-1' });
    expect((await problemOf(other)).code).toBe('idempotency_mismatch');
    const atOnce = await Promise.all(
      Array.from({ length: 10 }, () => lab.post('/batches', order, { 'idempotency-key': 'k-2' })),
    );
    const ids = await Promise.all(
      atOnce.map(async (answer) => operations.createBatch.response.parse(await answer.json()).id),
    );
    expect(new Set(ids).size).toBe(1);
  });
});
