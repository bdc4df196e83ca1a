import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HubEvent } from '../../contract/hub-events.ts';
import { type ApiLab, startApiLab } from '../support/api-lab.ts';

const event = (n: number, filler = ''): HubEvent => ({
  name: 'batch.created',
  data: { batchId: `${n}${filler}`, jobs: n },
});

const answerOf = (asking: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => asking.once('response', resolve).once('error', reject));

describe('events', () => {
  let lab: ApiLab;
  beforeAll(async () => {
    lab = await startApiLab();
  });
  afterAll(() => lab.end());

  const open = async (headers: Record<string, string> = {}, query = '') => {
    const asking: ClientRequest = request({
      host: '127.0.0.1',
      port: lab.api.port,
      path: `/api/v1/events${query}`,
      headers: { authorization: `Bearer ${lab.token}`, ...headers },
    }).end();
    const answer = await answerOf(asking);
    let text = '';
    answer.setEncoding('utf8');
    answer.on('data', (piece: string) => {
      text += piece;
    });
    answer.on('error', () => {});
    return { answer, text: () => text, close: () => asking.destroy() };
  };

  it('come as they happen, from now on, each frame once', async () => {
    lab.emit(event(1));
    const stream = await open();
    expect(stream.answer.headers['content-type']).toBe('text/event-stream');
    expect(stream.answer.headers['cache-control']).toBe('no-store');
    await expect.poll(stream.text).toBe(`retry: 2000\nid: ${lab.events.lastId()}\n\n`);
    for (let n = 2; n < 102; n++) lab.emit(event(n));
    await expect.poll(() => stream.text().match(/event: batch\.created/g)?.length).toBe(100);
    expect(stream.text()).toContain(
      `id: ${lab.events.lastId()}\nevent: batch.created\ndata: {"batchId":"101","jobs":101}\n\n`,
    );
    stream.close();
  });

  it('are replayed after Last-Event-ID, as a header or in the address, without gap or twin', async () => {
    const from = lab.events.lastId();
    for (let n = 0; n < 5; n++) lab.emit(event(n));
    const [byHeader, byQuery] = [
      await open({ 'last-event-id': String(from) }),
      await open({}, `?lastEventId=${from + 3}`),
    ];
    lab.emit(event(5));
    const ids = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]) - from);
    await expect.poll(() => ids(byHeader.text())).toEqual([1, 2, 3, 4, 5, 6]);
    await expect.poll(() => ids(byQuery.text())).toEqual([4, 5, 6]);
    byHeader.close();
    byQuery.close();
  });

  it('answers reset when the gap is too long or the id is from another run', async () => {
    for (const lastId of [1, lab.events.lastId() + 50]) {
      const stream = await open({ 'last-event-id': String(lastId) });
      await expect.poll(stream.text).toContain(`id: ${lab.events.lastId()}\nevent: reset\ndata: {}\n\n`);
      stream.close();
    }
  });

  it('cuts off a reader that does not read, and nobody else', async () => {
    const good = await open();
    const slow = connect(lab.api.port, '127.0.0.1');
    slow.write(
      `GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:${lab.api.port}\r\nAuthorization: Bearer ${lab.token}\r\n\r\n`,
    );
    await once(slow, 'data');
    slow.pause();
    const closed = once(slow, 'close');
    slow.on('error', () => {});
    const filler = 'x'.repeat(50_000);
    const before = process.memoryUsage().rss;
    for (let n = 0; n < 400; n++) {
      lab.emit(event(n, filler));
      await new Promise((resolve) => setImmediate(resolve));
    }
    slow.resume();
    await closed;
    await expect.poll(() => good.text().match(/event: batch\.created/g)?.length).toBe(400);
    expect(process.memoryUsage().rss - before).toBeLessThan(400_000_000);
    good.close();
  });

  it('end when the hub stops', async () => {
    const other = await startApiLab();
    const asking = request({
      host: '127.0.0.1',
      port: other.api.port,
      path: '/api/v1/events',
      headers: { authorization: `Bearer ${other.token}` },
    }).end();
    const answer = await answerOf(asking);
    answer.resume();
    const ended = once(answer, 'end');
    await other.end();
    await ended;
  });
});
