/**
 * What the machine's owner allows. For now: whether it works at all, by `DATA/owner.json`, read while running: `{"paused": true}`
 * stops everything at once, `{"drain": true}` takes no more and lets what runs come to its end.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { readTextIfThere } from '../common/files.ts';
import type { Logger } from '../common/log.ts';

const rulesSchema = z.object({ paused: z.boolean().default(false), drain: z.boolean().default(false) });
type Rules = z.output<typeof rulesSchema>;

export interface OwnerRules {
  /** No new work is taken. */
  rests(): boolean;
  /** Nothing may run. */
  stops(): boolean;
  stop(): void;
}

/** How soon the owner is heard, ms. */
const lookIntervalMs = 500;

/**
 * Reads the rules and goes on looking at them. A file that cannot be understood changes nothing.
 * @param changed called at each change after the first look
 */
export async function watchOwnerRules(dataDir: string, logger: Logger, changed: () => void): Promise<OwnerRules> {
  const path = join(dataDir, 'owner.json');
  let rules: Rules = { paused: false, drain: false };
  let lastText: string | undefined;
  const look = async (tell: () => void): Promise<void> => {
    const text = await readTextIfThere(path);
    if (text === lastText) return;
    lastText = text;
    const before = rules;
    try {
      rules = rulesSchema.parse(JSON.parse(text ?? '{}'));
    } catch (error) {
      logger.warn({ error, path }, 'the owner’s rules were not understood; the old ones stay');
    }
    if (rules.paused !== before.paused || rules.drain !== before.drain) tell();
  };
  await look(() => {});
  const timer = setInterval(() => {
    look(changed).catch((error: unknown) => logger.warn({ error, path }, 'the owner’s rules could not be read'));
  }, lookIntervalMs);
  return { rests: () => rules.paused || rules.drain, stops: () => rules.paused, stop: () => clearInterval(timer) };
}
