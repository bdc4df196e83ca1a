/** How the commands of a machine find the hub that runs there: through its data folder. */
import { join } from 'node:path';
import { z } from 'zod';
import { readTextIfThere } from '../../common/files.ts';
import { CommandError, exitCodes } from './output.ts';

/** `DATA/hub.json`, there while a hub runs on that folder. */
export const hubFileSchema = z.object({ url: z.url(), pid: z.int().positive() });

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
