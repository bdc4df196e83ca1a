/** `npm run build [-- window|app]`: makes what is outdated of the window (vite) and the app (dist/app); others call `ensureBuilt`. */
import { appSources, compileApp } from './compile-app.ts';
import { type BuildTarget, buildTarget, inProject, isEntry, isOutdated } from './project.ts';

async function buildWindow(): Promise<void> {
  const { build } = await import('vite');
  await build({ configFile: inProject('vite.config.ts'), logLevel: 'warn' });
}

export const windowTarget: BuildTarget = {
  name: 'window',
  sources: ['renderer', 'contract', 'vite.config.ts', 'package-lock.json'],
  build: buildWindow,
};
export const appTarget: BuildTarget = {
  name: 'app',
  sources: [...appSources, 'renderer/public/icon.svg', 'tools/compile-app.ts', 'package-lock.json'],
  build: compileApp,
};

/** Builds those that are outdated, telling `say` which. */
export async function ensureBuilt(targets: readonly BuildTarget[], say: (text: string) => void): Promise<void> {
  for (const target of targets) {
    if (!(await isOutdated(target))) continue;
    say(`Building the ${target.name} …`);
    await buildTarget(target);
  }
}

if (isEntry(import.meta.filename)) {
  const named = process.argv.slice(2);
  const targets = [windowTarget, appTarget].filter((target) => named.length === 0 || named.includes(target.name));
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  try {
    await ensureBuilt(targets, say);
    say('Everything is built.');
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
