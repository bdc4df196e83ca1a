/** API tokens over real HTTP: what each scope opens, what is kept of them, and how they end. */
import { once } from 'node:events';
import { get } from 'node:http';
import { request as send } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pinnedDispatcher } from '../../common/pinned-dispatcher.ts';
import { operations } from '../../contract/hub-api.ts';
import type { Operation } from '../../contract/operations/operation.ts';
import type { TokenScope } from '../../contract/operations/tokens.ts';
import { type ApiLab, startApiLab } from '../support/api-lab.ts';

let lab: ApiLab;
beforeAll(async () => {
  lab = await startApiLab();
});
afterAll(() => lab.end());

const make = async (name: string, scope: TokenScope, ttlMs: number | null = null) =>
  operations.createApiToken.response.parse(await (await lab.post('/api-tokens', { name, scope, ttlMs })).json());
const statusOf = async (method: string, path: string, token: string): Promise<number> => {
  const answer = await fetch(`${lab.api.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(5_000),
  });
  await answer.body?.cancel();
  return answer.status;
};

describe('an API token', () => {
  it('opens what its scope covers, of every operation, and nothing else', async () => {
    const tokens = {
      read: await make('r', 'read'),
      submit: await make('s', 'submit'),
      admin: await make('a', 'admin'),
    };
    const ranks = { read: 0, submit: 1, admin: 2 } as const;
    for (const [name, operation] of Object.entries<Operation>(operations)) {
      const { scope } = operation;
      if (scope === 'public') continue;
      const path = operation.path.replace(/\{\w+\}/g, 'x');
      for (const own of ['read', 'submit', 'admin'] as const) {
        // Whoever is let in is refused later: the id is none. Streams are cut.
        const status = await statusOf(operation.method, path, tokens[own].token);
        const mayEnter = scope !== 'node' && ranks[own] >= ranks[scope];
        expect([name, own, status === 403 || status === 401]).toEqual([name, own, !mayEnter]);
      }
    }
  });

  it('is kept as a digest, shown once, listed with its last use', async () => {
    const { id, token } = await make('backup script', 'submit');
    await statusOf('GET', '/farm', token);
    const secret = token.split('.')[2] ?? '';
    const row = z.record(z.string(), z.unknown());
    expect(JSON.stringify(lab.catalog.all(row, 'SELECT * FROM api_tokens'))).not.toContain(secret);
    const listed = await (await lab.call('/api-tokens')).text();
    expect(listed).not.toContain(secret);
    expect(operations.listApiTokens.response.parse(JSON.parse(listed)).rows.find((one) => one.id === id)).toMatchObject(
      {
        name: 'backup script',
        scope: 'submit',
        lastUsedAt: expect.any(String),
      },
    );
  });

  it('is refused when another secret, id or kind stands in it', async () => {
    const { token } = await make('x', 'admin');
    const [, id = '', secret = ''] = token.split('.');
    const other = await make('y', 'read');
    for (const wrong of [
      `mrk1.${id}.${'A'.repeat(43)}`,
      `mrk1.${other.id}.${secret}`,
      `mrn1.${id}.${secret}`,
      `mra1.${secret}`,
      `mrk1.${id}.`,
      `${token}x`,
    ])
      expect([wrong, await statusOf('GET', '/farm', wrong)]).toEqual([wrong, 401]);
  });

  it('ends at once when it is revoked, with the event stream that is open with it', async () => {
    const { id, token } = await make('window', 'read');
    const request = get(`${lab.api.url}/api/v1/events`, { headers: { authorization: `Bearer ${token}` } });
    const [stream] = await once(request, 'response');
    stream.resume();
    stream.on('error', () => {});
    const closed = new Promise((resolve) => stream.once('close', resolve));
    expect((await lab.call(`/api-tokens/${id}`, { method: 'DELETE' })).status).toBe(204);
    await closed;
    expect(await statusOf('GET', '/farm', token)).toBe(401);
    expect((await lab.call(`/api-tokens/${id}`, { method: 'DELETE' })).status).toBe(404);
  });

  it('runs out when it was made for a time', async () => {
    const { token } = await make('short', 'read', 1_000);
    expect(await statusOf('GET', '/farm', token)).toBe(200);
    await expect.poll(() => statusOf('GET', '/farm', token), { timeout: 5_000 }).toBe(401);
  });

  it('is for programs, not for the door of the machines', async () => {
    const { token } = await make('net', 'admin');
    const { port } = await lab.api.openTlsDoor(lab.identity, '127.0.0.1', 0);
    const dispatcher = pinnedDispatcher({ pin: lab.identity.pin, identity: lab.identity });
    const answer = await send(`https://127.0.0.1:${port}/api/v1/farm`, {
      dispatcher,
      headers: { authorization: `Bearer ${token}` },
    });
    await answer.body.dump();
    await dispatcher.destroy();
    expect(answer.statusCode).toBe(401);
  });
});
