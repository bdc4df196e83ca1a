/** What the machine's owner allows. For now: whether it works at all, by `DATA/owner.json` (`{"paused": true}`), read while running. */
import { join } from 'node:path';
import { z } from 'zod';
import { readTextIfThere } from '../common/files.ts';
import type { Logger } from '../common/log.ts';

const rulesSchema = z.object({ paused: z.boolean().default(false) });

export interface OwnerRules {
  paused(): boolean;
  stop(): void;
}

const lookIntervalMs = 1_000;

/**
 * Reads the rules and goes on looking at them. A file that cannot be understood changes nothing.
 * @param changed called at each change after the first look
 */
export async function watchOwnerRules(dataDir: string, logger: Logger, changed: () => void): Promise<OwnerRules> {
  const path = join(dataDir, 'owner.json');
  let paused = false;
  let lastText: string | undefined;
  const look = async (tell: () => void): Promise<void> => {
    const text = await readTextIfThere(path);
    if (text === lastText) return;
    lastText = text;
    const before = paused;
    try {
      paused = rulesSchema.parse(JSON.parse(text ?? '{}')).paused;
    } catch (error) {
      logger.warn({ error, path }, 'the owner’s rules were not understood; the old ones stay');
    }
    if (paused !== before) tell();
  };
  await look(() => {});
  const timer = setInterval(() => {
    look(changed).catch((error: unknown) => logger.warn({ error, path }, 'the owner’s rules could not be read'));
  }, lookIntervalMs);
  return { paused: () => paused, stop: () => clearInterval(timer) };
}
