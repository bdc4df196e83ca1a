/** Which Millrace this is, for the agent that runs by itself; sources and packages have their package.json at different heights. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const packageSchema = z.object({ name: z.literal('millrace'), version: z.string().max(40) });

/** The version in the nearest package.json of ours above the module; `0.0.0` where there is none. */
export function packageVersion(moduleUrl: string): string {
  for (let folder = new URL('.', moduleUrl); ; folder = new URL('..', folder)) {
    const version = versionIn(new URL('package.json', folder));
    if (version !== undefined) return version;
    if (new URL('..', folder).href === folder.href) return '0.0.0';
  }
}

function versionIn(file: URL): string | undefined {
  try {
    return packageSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data?.version;
  } catch {
    return undefined;
  }
}
