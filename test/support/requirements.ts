/**
 * What a test needs from the machine it runs on. What is missing skips the test with a reason; `npm test` lists those, and under
 * `CI=true` counts them as failures.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The part of vitest's test context that is used here. */
interface Skippable {
  skip(note?: string): never;
}

const projectRoot = join(import.meta.dirname, '..', '..');
/** The folder of pictures and models beside the checkout; its place can be given by MILLRACE_SHARED. */
const sharedFolders = [process.env['MILLRACE_SHARED'], join(projectRoot, '..', 'shared'), join(projectRoot, 'shared')];

/** Path of something under `shared/`, such as `media/photos`; skips the test when it is not there. */
export function requireShared(context: Skippable, ...parts: readonly string[]): string {
  for (const folder of sharedFolders) {
    if (folder !== undefined && existsSync(join(folder, ...parts))) return join(folder, ...parts);
  }
  return context.skip(`needs shared/${parts.join('/')}`);
}

/** Path of a program; skips the test when it is not installed. */
export function requireProgram(context: Skippable, name: string): string {
  const places = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/bin'];
  const found = places.map((place) => join(place, name)).find((path) => existsSync(path));
  return found ?? context.skip(`needs the program ${name}`);
}

/** Skips the test unless it runs as root and network namespaces can be made. */
export function requireNetworkNamespaces(context: Skippable): void {
  const ip = requireProgram(context, 'ip');
  if (process.getuid?.() !== 0) context.skip('needs root for network namespaces');
  const name = `mr-probe-${process.pid}`;
  try {
    execFileSync(ip, ['netns', 'add', name], { stdio: 'ignore' });
    execFileSync(ip, ['netns', 'delete', name], { stdio: 'ignore' });
  } catch {
    context.skip('needs network namespaces, which this system does not allow');
  }
}

/** Mounts a small disk in memory at `path`, which it makes; skips the test where that is not allowed. To be unmounted by the test. */
export function requireSmallDisk(context: Skippable, path: string, megabytes: number): string {
  mkdirSync(path, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'ignore' });
    return path;
  } catch {
    return context.skip('needs to mount a disk in memory');
  }
}

/** Skips the test unless it runs as root on Linux and a tmpfs can be mounted. */
export function requireTmpfs(context: Skippable): void {
  const mount = requireProgram(context, 'mount');
  const umount = requireProgram(context, 'umount');
  if (process.getuid?.() !== 0) context.skip('needs root to mount a small tmpfs');
  const probe = mkdtempSync(join(tmpdir(), 'mr-probe-'));
  try {
    execFileSync(mount, ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe], { stdio: 'ignore' });
    execFileSync(umount, [probe], { stdio: 'ignore' });
  } catch {
    context.skip('needs to mount a small tmpfs, which this system does not allow');
  } finally {
    rmdirSync(probe);
  }
}
