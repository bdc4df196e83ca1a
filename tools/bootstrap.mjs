/**
 * The first step of every npm script: installs what package-lock.json names when it is missing, finds the pinned Node, and runs
 * the script's target there. Plain JavaScript that runs on Node 20 and later, since nothing may be installed yet.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampPath = join(root, 'node_modules', '.millrace-install');

/** What each npm script runs: a file, then arguments of its own. */
const targets = {
  start: ['tools/start.ts'],
  test: ['tools/test.ts'],
  'test:long': ['tools/test.ts', '--long'],
  bench: ['tools/bench.ts'],
  demo: ['tools/demo.ts'],
  millrace: ['main/cli/index.ts'],
  build: ['tools/build.ts'],
  check: ['tools/check.ts'],
  docs: ['tools/docs.ts'],
  package: ['tools/package.ts'],
};

/** Oldest Node that runs the project where no pinned one is to be had; better-sqlite3 crashes on older ones. */
const oldestNode = [22, 12];
/** From here on `.ts` files run without a flag. */
const stripsTypes = [22, 18];
const unavailable = 69;
const usage = 2;

const say = (text) => process.stderr.write(`${text}\n`);

function fail(code, text) {
  say(text);
  process.exit(code);
}

const versionOf = (text) => text.replace(/^v/, '').split('.').map(Number);
const isAtLeast = ([major, minor], [wantMajor, wantMinor]) =>
  major > wantMajor || (major === wantMajor && minor >= wantMinor);

/** What must hold for the installed folder to be taken as it is. */
function wantedStamp() {
  const digest = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  return `${digest} ${process.platform} ${process.arch}\n`;
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** True when every package of the lock that this platform needs is there in its version (somebody ran npm by hand, say). */
function isInstalled() {
  const hidden = readIfThere(join(root, 'node_modules', '.package-lock.json'));
  if (hidden === undefined) return false;
  const there = JSON.parse(hidden).packages ?? {};
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages ?? {};
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true;
    const found = there[path];
    if (found === undefined) return entry.optional === true && !isMeantForThisPlatform(entry);
    return found.version === entry.version && found.integrity === entry.integrity && existsSync(join(root, path));
  });
}

/** npm's rule for `os` and `cpu`: named, or not ruled out by a list that only rules out. */
const allows = (list, value) =>
  list === undefined ||
  list.includes(value) ||
  (!list.includes(`!${value}`) && list.every((name) => name.startsWith('!')));
/** Optional packages without a platform belong to optional packages of other platforms. */
const isMeantForThisPlatform = (entry) =>
  (entry.os ?? entry.cpu) !== undefined &&
  allows(entry.os, process.platform) &&
  allows(entry.cpu, process.arch) &&
  entry.libc?.includes('musl') !== true;

/** The environment for npm itself: how its caller was told to talk does not concern this installation. */
function environmentForNpm() {
  const environment = { ...process.env };
  for (const name of [
    'loglevel',
    'json',
    'dry_run',
    'global',
    'location',
    'omit',
    'include',
    'production',
    'workspace',
    'workspaces',
    'prefix',
  ]) {
    delete environment[`npm_config_${name}`];
  }
  return environment;
}

function install() {
  say('Installing what is missing (once; about half a minute) …');
  const npm = process.env.npm_execpath;
  const flags = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = { cwd: root, stdio: ['ignore', 2, 2], env: environmentForNpm() };
  const ended =
    npm !== undefined && /\.c?js$/.test(npm) && existsSync(npm)
      ? spawnSync(process.env.npm_node_execpath ?? process.execPath, [npm, ...flags], options)
      : spawnSync('npm', flags, { ...options, shell: process.platform === 'win32' });
  if (ended.error !== undefined)
    fail(
      unavailable,
      `npm could not be started (${ended.error.message}). Install Node.js with npm, then run this again.`,
    );
  if (ended.status !== 0) {
    fail(
      unavailable,
      'Installing the packages failed; npm says why above. Check that the package registry can be reached (npm ping) and that the disk has 1 GB free, then run this again.',
    );
  }
}

function ensureInstalled() {
  const wanted = wantedStamp();
  if (readIfThere(stampPath) === wanted) return;
  if (!isInstalled()) install();
  writeFileSync(stampPath, wanted);
}

/** The Node to run on: the pinned one, else the one at hand when it is new enough. */
function chooseNode() {
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  const pinned = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', binary);
  if (existsSync(pinned)) return { path: pinned, isThisOne: realpathSync(process.execPath) === realpathSync(pinned) };
  const version = versionOf(process.version);
  if (!isAtLeast(version, oldestNode)) {
    fail(
      unavailable,
      `Millrace needs Node.js ${oldestNode.join('.')} or later on ${process.platform} ${process.arch}; this is ${process.version}. Install a newer one from nodejs.org.`,
    );
  }
  const needsFlag = !isAtLeast(version, stripsTypes) || (version[0] === 23 && version[1] < 6);
  // By way of the environment, since workers and child processes need it too.
  const options = `--disable-warning=ExperimentalWarning${needsFlag ? ' --experimental-strip-types' : ''}`;
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} ${options}`.trim();
  return { path: process.execPath, isThisOne: !needsFlag };
}

/**
 * npm starts scripts in the project's folder and leaves its own variables behind. Paths that the user gives belong to the user's
 * folder, and nothing started from here should take npm's variables for its own.
 */
function leaveNpmBehind() {
  const { INIT_CWD: folder, npm_package_json: manifest } = process.env;
  if (folder !== undefined && manifest === join(root, 'package.json') && existsSync(folder)) process.chdir(folder);
  delete process.env.INIT_CWD;
  for (const name of Object.keys(process.env)) {
    // Electron's download reads these: where its mirror and its cache are.
    if (/^npm_/i.test(name) && !/electron|proxy|registry|cafile/i.test(name)) delete process.env[name];
  }
}

/**
 * npm starts scripts through a shell, and a signal to npm ends only that: whoever stops `npm start` would leave the app behind.
 * So the end of the shell is taken as the signal that it was.
 */
function endWithShell() {
  if (process.env.npm_lifecycle_event === undefined || process.platform === 'win32') return;
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 300);
  timer.unref();
}

/** Runs the target in a process of its own that shares this one's streams; ends as it ends. */
function runIn(node, target, args) {
  const child = spawn(node.path, [target, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal tells the whole group of an interrupt; the target would hear it twice and stop without order.
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(unavailable, `${node.path} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

async function main() {
  const [verb, ...args] = process.argv.slice(2);
  const target = Object.hasOwn(targets, verb ?? '') ? targets[verb] : undefined;
  if (target === undefined) fail(usage, `Usage: npm run ${Object.keys(targets).join('|')} [-- arguments]`);
  if (!isAtLeast(versionOf(process.version), [20, 0])) {
    fail(unavailable, `Millrace needs Node.js 20 or later to install itself; this is ${process.version}.`);
  }
  ensureInstalled();
  const node = chooseNode();
  endWithShell();
  leaveNpmBehind();
  const [file, ...ownArgs] = target;
  const path = join(root, file);
  if (!node.isThisOne) return runIn(node, path, [...ownArgs, ...args]);
  process.argv = [process.execPath, path, ...ownArgs, ...args];
  await import(pathToFileURL(path).href);
}

await main();
