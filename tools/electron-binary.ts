/** Finds Electron's executable, or fetches it once by the package's own installer, within a time limit. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inProject } from './project.ts';

const folder = inProject('node_modules', 'electron');

/** The executable, as electron's own install.js judges; undefined when there is none for this version. */
export function electronBinary(): string | undefined {
  const override = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  try {
    const relativePath = readFileSync(join(folder, 'path.txt'), 'utf8');
    const path = join(override ?? join(folder, 'dist'), relativePath);
    return existsSync(path) ? path : undefined;
  } catch {
    const path =
      override === undefined ? undefined : join(override, process.platform === 'win32' ? 'electron.exe' : 'electron');
    return path !== undefined && existsSync(path) ? path : undefined;
  }
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    // It has just ended.
  }
}

/** Runs the installer; undefined when it failed or took longer than `limitMs`, with the reason told. */
export async function fetchElectron(limitMs: number, say: (text: string) => void): Promise<string | undefined> {
  say(`Fetching Electron (once, ${limitMs / 1_000} s at most) …`);
  const child = spawn(process.execPath, [join(folder, 'install.js')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let problem = '';
  child.stderr.on('data', (chunk: Buffer) => {
    problem = (problem + chunk.toString()).slice(-4_000);
  });
  const reason = await new Promise<string | null>((resolve) => {
    const timer = setTimeout(() => {
      killGroup(child);
      resolve(`it took longer than ${limitMs / 1_000} s`);
    }, limitMs);
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve(code === 0 ? null : (/Error: .*/.exec(problem)?.[0] ?? `its installer ended with ${code}`));
    });
  });
  const found = electronBinary();
  if (found === undefined) say(`Electron could not be had: ${reason ?? 'its binary is not there'}.`);
  return found;
}
