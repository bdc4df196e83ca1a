/** The first step of every npm script: installing when something is missing, the way to the target, signals and exit codes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { root } from './source-files.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
) {
  const child = spawn(command, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const [code] = await once(child, 'close');
  return { code, out, err };
}

/** A project without node_modules whose npm is a script. */
async function freshProject(npmScript: string): Promise<{ folder: string; env: Record<string, string> }> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-fresh-'));
  folders.push(folder);
  await mkdir(join(folder, 'tools'));
  await mkdir(join(folder, 'main', 'cli'), { recursive: true });
  await cp(join(root, 'tools', 'bootstrap.mjs'), join(folder, 'tools', 'bootstrap.mjs'));
  await cp(join(root, 'package-lock.json'), join(folder, 'package-lock.json'));
  await writeFile(
    join(folder, 'main', 'cli', 'index.ts'),
    'const args: string[] = process.argv.slice(2); console.log(JSON.stringify(args)); process.exitCode = 7;',
  );
  await writeFile(join(folder, 'npm.cjs'), npmScript);
  return {
    folder,
    env: { npm_execpath: join(folder, 'npm.cjs'), npm_node_execpath: process.execPath, npm_config_loglevel: 'silent' },
  };
}

test('what is missing is installed once, and the target runs with its arguments and exit code', async () => {
  const { folder, env } = await freshProject(`
    require('node:fs').mkdirSync('node_modules', { recursive: true });
    require('node:fs').appendFileSync('calls', process.argv.slice(2).join(' ') + ' ' + process.env.npm_config_loglevel + '\\n');
    console.log('npm speaks');`);
  const bootstrap = ['tools/bootstrap.mjs', 'millrace', 'a', '--b', 'c d'];
  for (const time of ['first', 'second']) {
    const { code, out, err } = await run(process.execPath, bootstrap, { cwd: folder, env });
    expect({ code, out }, err).toEqual({ code: 7, out: '["a","--b","c d"]\n' });
    expect(err.includes('npm speaks'), time).toBe(time === 'first');
  }
  const calls = (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');
  expect(calls).toHaveLength(1);
  // Whatever was asked of the outer npm does not concern this installation.
  expect(calls[0]).toMatch(/^ci .*--include=dev .*undefined$/);
});

test('a changed lock installs again', async () => {
  const { folder, env } = await freshProject(`
    require('node:fs').mkdirSync('node_modules', { recursive: true });
    require('node:fs').appendFileSync('calls', 'x');`);
  await run(process.execPath, ['tools/bootstrap.mjs', 'millrace'], { cwd: folder, env });
  const lock = join(folder, 'package-lock.json');
  await writeFile(lock, `${await readFile(lock, 'utf8')}\n`);
  await run(process.execPath, ['tools/bootstrap.mjs', 'millrace'], { cwd: folder, env });
  expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('xx');
});

test('an installation that fails says so in plain words and ends with 69', async () => {
  const { folder, env } = await freshProject('process.exit(1)');
  const { code, out, err } = await run(process.execPath, ['tools/bootstrap.mjs', 'millrace'], { cwd: folder, env });
  expect({ code, out }).toEqual({ code: 69, out: '' });
  expect(err).toMatch(/registry can be reached/);
  expect(err).not.toMatch(/ at .*bootstrap/);
});

test('an unknown script ends with 2, and nothing is printed when nothing is missing', async () => {
  expect((await run(process.execPath, ['tools/bootstrap.mjs', 'toString'])).code).toBe(2);
  const { code, err } = await run(process.execPath, ['tools/bootstrap.mjs', 'millrace', '--version']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
});

test('npm gives the command’s exit code, and paths belong to the folder that npm was called in', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'millrace-elsewhere-'));
  folders.push(elsewhere);
  const args = ['--prefix', root, 'run', '-s', 'millrace', '--', 'jobs', '--data', 'nowhere'];
  const { code, err } = await run('npm', args, { cwd: elsewhere });
  expect(code).toBe(69);
  expect(err).toContain(join(elsewhere, 'nowhere'));
});

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
  });

/** The first line that a child prints, as JSON. */
async function readyOf(child: ChildProcess): Promise<{ port: number }> {
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface(child.stdout)) return JSON.parse(line) as { port: number };
  throw new Error('it ended without a ready line');
}

// A terminal's Ctrl-C goes to the whole group; who stops a service signals npm alone.
test.each(['SIGTERM to npm', 'SIGINT to its group'] as const)('%s ends what it started, in order', async (what) => {
  const npm = spawn('npm', ['run', '-s', 'millrace', '--', 'broker', '--port', '0'], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let log = '';
  npm.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const { port } = await readyOf(npm);
  expect(await isOpen(port)).toBe(true);
  if (what === 'SIGTERM to npm') npm.kill('SIGTERM');
  else process.kill(-(npm.pid ?? 0), 'SIGINT');
  await expect.poll(() => isOpen(port), { timeout: 5_000 }).toBe(false);
  await expect.poll(() => log).toContain('stopping');
});
