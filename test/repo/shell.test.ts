/** The built shell, end to end under Node with a stand-in for Electron and the real hub: order, safety, token, restarts, files. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appTarget, ensureBuilt } from '../../tools/build.ts';
import { makePhoto } from '../fixtures/make-fixtures.ts';
import { root } from './source-files.ts';

interface Told {
  readonly call?: string;
  readonly answer?: number;
  readonly [field: string]: unknown;
}

/** A shell that runs, and what it has told so far. */
function startShell(environment: Record<string, string>, args: readonly string[] = []) {
  const told: Told[] = [];
  const hooks = join(root, 'test/support/fake-electron-hooks.ts');
  const entry = join(root, 'dist/app/main/index.js');
  const child: ChildProcess = spawn(process.execPath, ['--import', hooks, entry, ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', ...environment, MILLRACE_NODE: process.execPath },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const watchers = new Set<() => void>();
  child.on('message', (message: Told) => {
    told.push(message);
    for (const watcher of watchers) watcher();
  });
  /** Resolves with the first message from `after` on that fits. */
  const until = (fits: (message: Told) => boolean, after = 0): Promise<Told> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = told.slice(after).find(fits);
        if (found === undefined) return;
        watchers.delete(look);
        clearTimeout(timer);
        resolve(found);
      };
      const timer = setTimeout(
        () => reject(new Error(`not told in time; the log:\n${log}\n${JSON.stringify(told)}`)),
        20_000,
      );
      watchers.add(look);
      look();
    });
  let nextId = 1;
  const command = async (what: string, more: object = {}): Promise<Told> => {
    const id = nextId++;
    child.send({ do: what, id, ...more });
    return await until((message) => message.answer === id);
  };
  return { child, told, until, command, log: () => log };
}

const callIs = (call: string) => (message: Told) => message.call === call;
const loadsHub = (message: Told): boolean =>
  message.call === 'loadURL' && String(message['url']).startsWith('http://127.0.0.1:');

describe('the built shell', () => {
  let folder = '';
  let photo = '';
  let shell: ReturnType<typeof startShell>;

  beforeAll(async () => {
    await ensureBuilt([appTarget], () => {});
    folder = await mkdtemp(join(tmpdir(), 'millrace-shell-'));
    photo = join(folder, 'dropped.jpg');
    await makePhoto(photo, { width: 320, height: 200, format: 'jpeg' });
    shell = startShell({ MILLRACE_DATA: join(folder, 'data'), FAKE_CHOICE: folder }, [photo]);
    await shell.until(loadsHub);
  }, 60_000);
  afterAll(async () => {
    shell?.child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  test('a window is sandboxed and without Node, and nothing is granted', () => {
    const made = shell.told.find(callIs('BrowserWindow'));
    expect(made?.['webPreferences']).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
    });
    for (const call of ['setPermissionRequestHandler', 'setPermissionCheckHandler', 'setDevicePermissionHandler']) {
      expect(shell.told.some(callIs(call)), call).toBe(true);
    }
  });

  test('every handler is there before the first page is loaded', async () => {
    const source = await readFile(join(root, 'main/shell/channels.ts'), 'utf8');
    const names = [...source.matchAll(/'(millrace:[a-z-]+)'/g)].map((found) => found[1]);
    const first = shell.told.find(callIs('loadURL'));
    expect(names.length).toBe(7);
    expect([...(first?.['handlers'] as string[])].sort()).toEqual([...names].sort());
  });

  test('the page gets address and token, and the token opens the API', async () => {
    const { value } = await shell.command('invoke', { channel: 'millrace:session' });
    const session = value as { url: string; token: string };
    const open = await fetch(`${session.url}/api/v1/farm`, { headers: { authorization: `Bearer ${session.token}` } });
    expect(open.status).toBe(200);
    expect((await fetch(`${session.url}/api/v1/farm`)).status).toBe(401);
  });

  test('the hub’s key is locked on the disk, by a passphrase that the keychain keeps', async () => {
    const data = join(folder, 'data');
    expect(await readFile(join(data, 'identity', 'key.pem'), 'utf8')).toContain('ENCRYPTED PRIVATE KEY');
    expect((await stat(join(data, 'keychain.bin'))).mode & 0o777).toBe(0o600);
    expect(shell.log()).not.toContain(
      Buffer.from(await readFile(join(data, 'keychain.bin')))
        .reverse()
        .toString(),
    );
  });

  test('another page gets nothing', async () => {
    const asked = { channel: 'millrace:session', frameUrl: 'http://127.0.0.1:9/' };
    expect((await shell.command('invoke', asked))['error']).toMatch(/may not/);
  });

  test('the window stays at the hub and opens no other', async () => {
    const { value } = await shell.command('invoke', { channel: 'millrace:session' });
    const { url } = value as { url: string };
    expect((await shell.command('navigate', { args: ['https://example.org/'] })).value).toEqual({ isPrevented: true });
    expect((await shell.command('navigate', { args: [`${url}/#/library`] })).value).toEqual({ isPrevented: false });
    expect((await shell.command('open')).value).toEqual({ action: 'deny' });
  });

  const items = async (): Promise<{ name: string; sha256: string }[]> => {
    const { value } = await shell.command('invoke', { channel: 'millrace:session' });
    const { url, token } = value as { url: string; token: string };
    const answer = await fetch(`${url}/api/v1/items`, { headers: { authorization: `Bearer ${token}` } });
    return ((await answer.json()) as { rows: { name: string; sha256: string }[] }).rows;
  };

  test('files of the first and of a second launch are imported', async () => {
    await expect
      .poll(async () => (await items()).map((item) => item.name), { timeout: 10_000 })
      .toContain('dropped.jpg');
    const second = join(folder, 'second.jpg');
    await makePhoto(second, { width: 200, height: 100, format: 'jpeg' });
    await shell.command('secondInstance', { args: [{ files: [second] }] });
    await expect
      .poll(async () => (await items()).map((item) => item.name), { timeout: 10_000 })
      .toContain('second.jpg');
    expect(shell.told.some(callIs('focus'))).toBe(true);
  });

  test('messages are parsed: nonsense is refused', async () => {
    const order = { pipeline: 'watermark', options: {}, priority: 'normal', privacy: 'trusted' };
    for (const args of [
      [['relative.jpg'], order],
      [[], order],
      [[photo], { ...order, priority: 'soon' }],
      ['x', order],
    ]) {
      expect(
        (await shell.command('invoke', { channel: 'millrace:import-paths', args }))['error'],
        JSON.stringify(args),
      ).toBeTruthy();
    }
    const good = await shell.command('invoke', { channel: 'millrace:import-paths', args: [[photo], order] });
    expect(good.value).toMatchObject({ accepted: 1, refused: [] });
  });

  test('results are written under their names without overwriting, and dragged as real files', async () => {
    const [item] = (await items()).filter((one) => one.name === 'dropped.jpg');
    const blobs = [
      { sha256: item?.sha256, name: '../out.jpg' },
      { sha256: item?.sha256, name: 'out.jpg' },
      { sha256: '0'.repeat(64), name: 'missing.jpg' },
    ];
    const target = await mkdtemp(join(folder, 'out-'));
    const saved = await shell.command('invoke', { channel: 'millrace:save-artifacts', args: [blobs, target] });
    expect(saved.value).toMatchObject({ folder: target, saved: 2, failed: [{ name: 'missing.jpg' }] });
    expect((await readdir(target)).sort()).toEqual(['out (2).jpg', 'out.jpg']);
    expect(await readFile(join(target, 'out.jpg'))).toEqual(await readFile(photo));

    const before = shell.told.length;
    await shell.command('send', {
      channel: 'millrace:start-drag',
      args: [[{ sha256: item?.sha256, name: 'dragged.jpg' }]],
    });
    const drag = await shell.until(callIs('startDrag'), before);
    expect(await readFile((drag['files'] as string[])[0] ?? '')).toEqual(await readFile(photo));
  });

  test('a hub that dies is started again, and the page’s address and token still count', async () => {
    const before = (await shell.command('invoke', { channel: 'millrace:session' })).value;
    const from = shell.told.length;
    await shell.command('killHub');
    await shell.until(callIs('fork'), from);
    const after = (await shell.command('invoke', { channel: 'millrace:session' })).value;
    expect(after).toEqual(before);
    expect(await items()).toHaveLength(2);
  });

  test('closing the window ends the hub in order, then the app', async () => {
    const [code] = await Promise.all([once(shell.child, 'exit'), shell.command('closeWindow').catch(() => undefined)]);
    expect(code[0]).toBe(0);
    expect(shell.told.some(callIs('quit'))).toBe(true);
    expect(await readdir(join(folder, 'data'))).not.toContain('hub.json');
    expect(shell.told.some(callIs('showErrorBox'))).toBe(false);
  });
});

test('a second instance hands its files over and ends', async () => {
  await ensureBuilt([appTarget], () => {});
  const folder = await mkdtemp(join(tmpdir(), 'millrace-second-'));
  const shell = startShell({ MILLRACE_DATA: folder, FAKE_SECOND_INSTANCE: '1' }, ['photo.jpg']);
  await once(shell.child, 'exit');
  const asked = shell.told.find(callIs('requestSingleInstanceLock'));
  expect(asked?.['data']).toEqual({ files: [join(root, 'photo.jpg')] });
  expect(shell.told.some(callIs('BrowserWindow'))).toBe(false);
  await rm(folder, { recursive: true, force: true });
});

test('the preload is one CommonJS file that shows exactly the agreed functions', async () => {
  await ensureBuilt([appTarget], () => {});
  const code = await readFile(join(root, 'dist/app/main/shell/preload.cjs'), 'utf8');
  const shown: Record<string, Record<string, unknown>> = {};
  const required: string[] = [];
  const electron = {
    contextBridge: {
      exposeInMainWorld: (name: string, api: Record<string, unknown>) => void Object.assign(shown, { [name]: api }),
    },
    ipcRenderer: { invoke: async () => null, send: () => {} },
    webUtils: { getPathForFile: () => '/tmp/dropped.jpg' },
  };
  const require = (name: string): unknown => {
    required.push(name);
    return electron;
  };
  runInNewContext(code, { require, module: { exports: {} }, exports: {} });
  expect([...new Set(required)]).toEqual(['electron']);
  const contract = await readFile(join(root, 'contract/shell-api.ts'), 'utf8');
  const agreed = [...(contract.split('export interface ShellApi')[1] ?? '').matchAll(/^ {2}(\w+)\(/gm)].map(
    (found) => found[1],
  );
  expect(agreed.length).toBeGreaterThan(5);
  expect(Object.keys(shown)).toEqual(['millrace']);
  const api = shown['millrace'] ?? {};
  expect(Object.keys(api).sort()).toEqual([...agreed].sort());

  const importPaths = api['importPaths'] as (paths: string[], order: object) => Promise<unknown>;
  const pathsOf = api['pathsOf'] as (files: unknown[]) => string[];
  await expect(importPaths(['/tmp/dropped.jpg'], {})).rejects.toThrow(/not dropped/);
  pathsOf([{}]);
  await expect(importPaths(['/tmp/dropped.jpg'], {})).resolves.toBeNull();
});
