/** The `millrace` command as scripts use it: ready lines, JSON forms, exit codes, and files in and out, against a real hub and node. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '../../main/cli/program.ts';
import { makePhoto } from '../fixtures/make-fixtures.ts';
import { createFarm, type Farm, type FarmHub } from '../support/farm.ts';

const cli = join(import.meta.dirname, '..', '..', 'main', 'cli', 'index.ts');

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A stream that keeps what is written to it, as a pipe would get it. */
function collector() {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

/** Runs a command line in this process: the same as a process of its own, but for its start. */
async function millrace(args: readonly string[], environment: Record<string, string> = {}): Promise<Outcome> {
  const out = collector();
  const err = collector();
  const code = await runCommand(args, { terminal: { out: out.stream, err: err.stream }, environment }, '0.0.0');
  return { code, out: out.text(), err: err.text() };
}

describe('without a hub', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mr-cli-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each([
    ['no verb', [], 2],
    ['an unknown verb', ['nonsense'], 2],
    ['an unknown flag', ['jobs', '--nonsense'], 2],
    ['a missing argument', ['submit', '--pipeline', 'watermark'], 2],
    ['no pipeline', ['submit', cli], 2],
    ['a priority that there is not', ['submit', cli, '--pipeline', 'watermark', '--priority', 'soon'], 2],
    ['a port that is none', ['hub', '--port', '70000'], 2],
    ['a broker that is none', ['hub', '--broker', 'http://x'], 2],
    ['a token that is none', ['node', '--token', 'x'], 2],
    ['a file that is not there', ['submit', '/nowhere/a.jpg', '--pipeline', 'watermark'], 3],
    ['no hub', ['jobs'], 69],
    ['help', ['--help'], 0],
    ['a version', ['--version'], 0],
  ])('%s', async (_, args, code) => {
    const outcome = await millrace(args, { MILLRACE_DATA: folder });
    expect(outcome.code, outcome.err).toBe(code);
    if (code !== 0) {
      expect(outcome.out).toBe('');
      expect(outcome.err.trim()).not.toBe('');
      expect(outcome.err).not.toMatch(/\n\s+at /);
    }
  });

  test('a process of its own gives the same streams and exit code', async () => {
    const child = spawn(process.execPath, [cli, 'jobs', '--json'], { env: { ...process.env, MILLRACE_DATA: folder } });
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    const [code] = await once(child, 'close');
    expect({ code, err }).toEqual({ code: 69, err: (await millrace(['jobs', '--json', '--data', folder])).err });
  });

  test('a hub that is gone is unavailable, a token that may not be read is not permitted', async () => {
    await writeFile(join(folder, 'hub.json'), JSON.stringify({ url: 'http://127.0.0.1:9', pid: 1 }));
    expect((await millrace(['jobs', '--data', folder])).code).toBe(4);
    await writeFile(join(folder, 'token'), 'mra1.something');
    const gone = await millrace(['jobs', '--data', folder]);
    expect(gone.code).toBe(69);
    expect(gone.err).toContain('hub_unreachable');
  });
});

describe('with a hub and a node', () => {
  let farm: Farm;
  let hub: FarmHub;
  let photos = '';
  const run = (...args: string[]): Promise<Outcome> => millrace([...args, '--data', hub.dataDir]);
  const json = async (...args: string[]) => {
    const outcome = await run(...args, '--json');
    expect(outcome.code, outcome.err).toBe(0);
    expect(outcome.out.trim().split('\n')).toHaveLength(1);
    return JSON.parse(outcome.out);
  };

  beforeAll(async () => {
    farm = await createFarm();
    hub = await farm.hub(['--no-local-node']);
    photos = join(farm.dir, 'photos');
    await mkdir(join(photos, 'inner'), { recursive: true });
    await makePhoto(join(photos, 'a.jpg'), { width: 400, height: 300 });
    await makePhoto(join(photos, 'inner', 'b.png'), { width: 300, height: 200, seed: 2 });
    // The same name twice in one batch, with other bytes.
    await makePhoto(join(photos, 'inner', 'a.jpg'), { width: 200, height: 200, seed: 3 });
    await writeFile(join(photos, '.hidden.jpg'), 'not seen');
  }, 60_000);
  afterAll(() => farm.close());

  test('the token is kept for the owner alone, and jobs wait with a reason', async () => {
    expect((await stat(join(hub.dataDir, 'token'))).mode & 0o777).toBe(0o600);
    const submitted = await json('submit', join(photos, 'a.jpg'), '--pipeline', 'watermark', '--priority', 'bulk');
    expect(submitted.refused).toEqual([]);
    const [job] = await json('jobs');
    expect(job).toMatchObject({
      id: submitted.jobs[0].id,
      item: 'a.jpg',
      pipeline: 'watermark',
      priority: 'bulk',
      state: 'waiting',
      stages: { done: 0 },
    });
    expect(job.reason).toMatch(/machine/);
    expect(job.error).toBeUndefined();
    expect((await json('queues'))[0]).toMatchObject({ queue: 'watermark', waiting: 1 });
  });

  test('a wait that is too long ends with 124, and the job goes on', async () => {
    const [{ id }] = await json('jobs');
    const waited = await run('jobs', 'wait', id, '--timeout', '300ms');
    expect(waited.code).toBe(124);
    expect((await run('submit', join(photos, 'a.jpg'), '--pipeline', 'watermark', '--timeout', '300ms')).code).toBe(
      124,
    );
    expect((await json('jobs', '--state', 'waiting')).length).toBe(2);
  });

  test('cancel and retry; a state that does not allow it is a conflict', async () => {
    const [{ id }] = await json('jobs');
    expect((await run('jobs', 'cancel', id)).code).toBe(0);
    expect((await json('jobs', 'show', id)).state).toBe('cancelled');
    expect((await run('jobs', 'retry', (await json('jobs', '--state', 'waiting'))[0].id)).code).toBe(5);
    expect((await run('jobs', 'show', id.replace(/.$/, id.endsWith('0') ? '1' : '0'))).code).toBe(3);
  });

  test('a token lets a machine join, once', async () => {
    const made = await json('token', '--uses', '1');
    expect(made.token).toMatch(/^mrt1\./);
    const node = await farm.node('cli-node', ['--hub', hub.url, '--token', made.token]);
    expect(node.ready).toMatchObject({ event: 'ready', node: 'cli-node' });
    const [shown] = await json('nodes');
    expect(shown).toMatchObject({ name: 'cli-node', state: 'online' });
    const plain = await run('token');
    expect(plain.out).toMatch(/^mrt1\.\S+\n$/);
    expect(plain.err).toContain('millrace');
    const own = await json('token', '--ui');
    expect(own).toEqual({ token: hub.token, window: `${hub.url}/#token=${hub.token}` });
  }, 60_000);

  test('folders are walked, results come out under their names, twins apart', async () => {
    const out = join(farm.dir, 'out');
    const submitted = await json('submit', photos, '--pipeline', 'watermark', '--wait', '--out', out);
    expect(submitted.jobs.map((job: { state: string }) => job.state)).toEqual(['done', 'done', 'done']);
    expect((await readdir(out)).sort()).toEqual(['a (2).jpg', 'a.jpg', 'b.png']);
    expect(await readdir(join(out, 'b.png'))).toEqual(['watermarked_b.png']);
    const { width, height } = await sharp(join(out, 'b.png', 'watermarked_b.png')).metadata();
    expect({ width, height }).toEqual({ width: 300, height: 200 });
  }, 60_000);

  test('options go through; a logo may be a file; a bad option is usage', async () => {
    const logo = join(farm.dir, 'logo.png');
    await sharp({ create: { width: 50, height: 50, channels: 3, background: '#ff0000' } })
      .png()
      .toFile(logo);
    const white = join(farm.dir, 'white.png');
    await sharp({ create: { width: 200, height: 200, channels: 3, background: '#ffffff' } })
      .png()
      .toFile(white);
    const out = join(farm.dir, 'logo-out');
    const options = [
      '--option',
      `logo=${logo}`,
      '--option',
      'corner=bottom-left',
      '--option',
      'padding=0',
      '--option',
      'size=50',
    ];
    await json('submit', white, '--pipeline', 'watermark', ...options, '--out', out);
    const { data } = await sharp(join(out, 'white.png', 'watermarked_white.png'))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const at = (x: number, y: number): number[] => [...data.subarray((y * 200 + x) * 3, (y * 200 + x) * 3 + 3)];
    expect(at(10, 190)).toEqual([255, 0, 0]);
    expect(at(190, 10)).toEqual([255, 255, 255]);

    expect((await run('submit', white, '--pipeline', 'watermark', '--option', 'size=900')).code).toBe(2);
    expect((await run('submit', white, '--pipeline', 'watermark', '--option', 'nonsense')).code).toBe(2);
    expect((await run('submit', white, '--pipeline', 'watermark', '--option', 'logo=/nowhere.png')).code).toBe(3);
    expect((await run('submit', white, '--pipeline', 'nix')).code).toBe(3);
  }, 60_000);

  test('a bad file is named with its reason and stops no other; the exit code says it', async () => {
    const mixed = join(farm.dir, 'mixed');
    await mkdir(mixed);
    await cp(join(photos, 'a.jpg'), join(mixed, 'good.jpg'));
    await writeFile(join(mixed, 'empty.jpg'), '');
    await writeFile(join(mixed, 'text.png'), 'no picture');
    const outcome = await run('submit', mixed, '--pipeline', 'watermark', '--wait', '--json');
    expect(outcome.code).toBe(1);
    const { jobs, refused } = JSON.parse(outcome.out);
    expect(jobs).toHaveLength(1);
    expect(jobs[0]).toMatchObject({ item: 'good.jpg', state: 'done' });
    const codes = refused.map((one: { item: string; error: { code: string } }) => [one.item, one.error.code]);
    expect(codes.sort()).toEqual([
      ['empty.jpg', 'input_empty'],
      ['text.png', 'input_not_media'],
    ]);
    const forPeople = await run('submit', mixed, '--pipeline', 'watermark', '--wait');
    expect(forPeople.out).toMatch(/^ID +ITEM/);
    expect(forPeople.err).toContain('empty.jpg: ');
    // A pipe gets no colours.
    expect(forPeople.out).not.toContain('\u001b');
  }, 60_000);

  test('a machine is shown, sent away, and then not found', async () => {
    expect((await json('nodes', 'show', 'cli-node')).capability.kinds.length).toBeGreaterThan(0);
    expect((await run('nodes', 'remove', 'cli-node')).code).toBe(0);
    expect((await run('nodes', 'remove', 'cli-node')).code).toBe(3);
  });

  test('a second hub on the same folder is refused in words', async () => {
    const second = await millrace(['hub', '--data', hub.dataDir, '--no-local-node']);
    expect(second.code).toBe(1);
    expect(second.out).toBe('');
    expect(second.err).toMatch(/in use by process \d+/);
  });
});
