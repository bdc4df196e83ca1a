/** Where a hub or a node keeps everything, unless told otherwise. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

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
