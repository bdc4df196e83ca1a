/** Where a hub or a node keeps everything, and how the commands of the same machine find the running hub through that folder. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { readTextIfThere } from '../../common/files.ts';
import { CommandError, exitCodes } from './output.ts';

/** `DATA/hub.json`, there while a hub runs on that folder. */
export const hubFileSchema = z.object({ url: z.url(), pid: z.int().positive() });

type Environment = Readonly<Record<string, string | undefined>>;

/** The system's own place for an app's data (XDG on Linux). */
function systemFolder(environment: Environment): string {
  const home = homedir();
  if (process.platform === 'darwin') return join(home, 'Library', 'Application Support');
  if (process.platform === 'win32') return environment['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local');
  return environment['XDG_DATA_HOME'] || join(home, '.local', 'share');
}

/**
 * The data folder: flag, then `MILLRACE_DATA`, then the system's place. A node that runs by itself has another default than a
 * hub, since one folder serves one process.
 */
export function dataFolder(flag: string | undefined, environment: Environment, role: 'hub' | 'node' = 'hub'): string {
  const chosen = flag ?? environment['MILLRACE_DATA'];
  if (chosen) return resolve(chosen);
  return join(systemFolder(environment), role === 'hub' ? 'millrace' : 'millrace-node');
}

/**
 * Address and token of the hub that runs on this data folder.
 * @throws CommandError 69 when none runs there, 4 when its token may not be read
 */
export async function findHub(folder: string): Promise<{ url: string; token: string }> {
  const text = await readTextIfThere(join(folder, 'hub.json'));
  const noHub = `No hub runs on ${folder}. Start one with "millrace hub", or name its folder with --data.`;
  if (text === undefined) throw new CommandError(exitCodes.unavailable, noHub);
  const parsed = hubFileSchema.safeParse(safeJson(text));
  if (!parsed.success) throw new CommandError(exitCodes.unavailable, noHub);
  let token: string | undefined;
  try {
    token = (await readTextIfThere(join(folder, 'token')))?.trim();
  } catch {
    throw new CommandError(exitCodes.notPermitted, `The token in ${folder} cannot be read by this user.`);
  }
  if (!token) throw new CommandError(exitCodes.notPermitted, `There is no token in ${folder}.`);
  return { url: parsed.data.url, token };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
