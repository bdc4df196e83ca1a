/**
 * What 7.2 changed: replies of Redis 7.2.6, recorded in changed-in-7.2.txt (`=>`; `3>` where RESP3 differs), against the broker; and
 * against redis-server 7.0, which must answer each case otherwise somewhere. MILLRACE_REDIS_7_2 names a 7.2 binary to check the record.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changedIn72 } from '../../main/broker/commands/changed-in-7-2.ts';
import { splitInline } from '../../main/broker/resp.ts';
import { play } from './support/dialogue.ts';
import { RawClient } from './support/raw-client.ts';
import { redisIsInstalled, startOurs, startRedis, type TestServer } from './support/servers.ts';

interface Recorded {
  readonly request: string;
  /** By protocol version. */
  readonly replies: Record<'2' | '3', string>;
}

function readCases(): Map<string, Recorded[]> {
  const cases = new Map<string, Recorded[]>();
  let steps: Recorded[] = [];
  for (const line of readFileSync(new URL('./changed-in-7.2.txt', import.meta.url), 'utf8').split('\n')) {
    const reply = /^([=3])> (.*)$/.exec(line);
    const last = steps.at(-1);
    if (line.startsWith('# ')) {
      steps = [];
      cases.set(line.slice(2), steps);
    } else if (reply !== null && last !== undefined) {
      const bytes: unknown = JSON.parse(reply[2] ?? '');
      last.replies['3'] = String(bytes);
      if (reply[1] === '=') last.replies['2'] = String(bytes);
    } else if (line !== '') steps.push({ request: line, replies: { 2: '', 3: '' } });
  }
  return cases;
}

const cases = readCases();
const binary72 = process.env.MILLRACE_REDIS_7_2;

async function answers(port: number, resp: '2' | '3', steps: readonly Recorded[]): Promise<string[]> {
  const client = await RawClient.open(port);
  await client.send(['HELLO', resp]);
  await client.send(['FLUSHALL']);
  const out: string[] = [];
  for (const { request } of steps) out.push(await client.send(splitInline(request) ?? []));
  client.close();
  return out;
}

it('every change of the documented list has its case', () => {
  expect([...cases.keys(), 'blocked XREADGROUP']).toEqual(changedIn72.map(({ title }) => title));
});

/** Debian has no 7.2: the record itself is checked where somebody has built one. */
const sides: [string, () => Promise<TestServer>][] = [['broker', startOurs]];
if (binary72 !== undefined) sides.push(['redis-server 7.2', () => startRedis([], binary72)]);

describe.each(sides)('%s', (_name, start) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());
  for (const [title, steps] of cases) {
    for (const resp of ['2', '3'] as const) {
      it(`${title} (RESP${resp})`, async () => {
        const got = await answers(server.port, resp, steps);
        const shown = (replies: readonly string[]): string[] =>
          replies.map((reply, n) => `${steps[n]?.request} ${reply}`);
        expect(shown(got)).toEqual(shown(steps.map(({ replies }) => replies[resp])));
      });
    }
  }
});

describe.skipIf(!redisIsInstalled)('redis-server 7.0 answers otherwise', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  it.each([...cases])('%s', async (_title, steps) => {
    expect(await answers(server.port, '2', steps)).not.toEqual(steps.map(({ replies }) => replies['2']));
  });
});

/** A client that waits for a group whose stream or group goes: 7.2 wakes it, 7.0 mostly lets it sleep. */
describe('blocked XREADGROUP', () => {
  let ours: TestServer;
  beforeAll(async () => {
    ours = await startOurs();
  });
  afterAll(() => ours.stop());
  const noGroup = "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n";
  it.each([
    ['del s', noGroup],
    ['xgroup destroy s g', noGroup],
    ['pexpire s 5', noGroup],
    ['rename s t', noGroup],
    ['swapdb 0 1', noGroup],
    ['flushall', noGroup],
    ['set s x', '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n'],
  ])('%s', async (request, answer) => {
    const wait = 'waiter*: xreadgroup group g c block 0 streams s >';
    const told = await play(ours.port, '3', ['other: xgroup create s g $ mkstream', wait, `other: ${request}`]);
    expect(told.waiter?.startsWith(answer)).toBe(true);
  });
});
