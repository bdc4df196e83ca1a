/** Ports that stay the same over restarts where they can: the one wanted, else that of the last run, else any free one. */
import { join } from 'node:path';
import { z } from 'zod';
import { readTextIfThere, writeFileAtomic } from '../../common/files.ts';

const keptSchema = z.record(z.string(), z.int().min(1).max(65_535));

export interface KeptPorts {
  /**
   * Opens something on a port. A port that is wanted (not 0) is taken or the error is thrown; 0 tries the last one first.
   * @param name under which the port is remembered
   */
  use<T extends { readonly port: number }>(
    name: string,
    wanted: number,
    open: (port: number) => Promise<T>,
  ): Promise<T>;
}

const isTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES');

/** @param dataDir where `ports.json` is kept */
export async function loadPorts(dataDir: string): Promise<KeptPorts> {
  const path = join(dataDir, 'ports.json');
  const text = await readTextIfThere(path);
  const parsed = keptSchema.safeParse(text === undefined ? {} : parseJson(text));
  const kept: Record<string, number> = parsed.success ? parsed.data : {};
  return {
    async use(name, wanted, open) {
      const opened = await openFirst(wanted === 0 ? [kept[name] ?? 0, 0] : [wanted], open);
      if (kept[name] !== opened.port) {
        kept[name] = opened.port;
        await writeFileAtomic(path, JSON.stringify(kept));
      }
      return opened;
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function openFirst<T>(candidates: readonly number[], open: (port: number) => Promise<T>): Promise<T> {
  const [first = 0, ...rest] = candidates;
  try {
    return await open(first);
  } catch (error) {
    if (rest.length === 0 || !isTaken(error)) throw error;
    return openFirst(rest, open);
  }
}
