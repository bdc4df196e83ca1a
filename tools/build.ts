/** `npm run build`: makes what is outdated of the window (vite) and the app (dist/app); others call `ensureBuilt`. */
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
  sources: [...appSources, 'tools/compile-app.ts', 'package-lock.json'],
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
  await ensureBuilt([windowTarget, appTarget], (text) => process.stderr.write(`${text}\n`));
  process.stderr.write('Everything is built.\n');
}
