/** placeholder */
import type { Engine } from './engine.ts';
export type AppendFsync = 'always' | 'everysec' | 'no';
export async function openLog(_engine: Engine, _dir: string | undefined, _sync: AppendFsync) {
  return { flush: () => true, close: async () => undefined };
}
