/**
 * Compiles everything that runs outside the window into `dist/app`: file by file, so that worker threads, child processes and
 * files beside the code are found in the same places as in development. Only the preload is bundled: it must be one CommonJS file.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, normalize, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { transformSync } from 'rolldown/utils';
import sharp from 'sharp';
import { inProject, listTree, projectRoot } from './project.ts';

export const appFolder = inProject('dist', 'app');
/** Folders that are compiled. */
export const appSources = ['main', 'node-agent', 'contract', 'common'];
const preloadSource = 'main/shell/preload.ts';

/** Relative addresses of modules, in imports and in `new URL('./x.ts', import.meta.url)` alike. */
const moduleAddress = /(["'])(\.{1,2}\/[^"'\n]*)\.ts\1/g;

function compileModule(path: string, code: string): string {
  const result = transformSync(path, code, { target: 'es2024', typescript: { onlyRemoveTypeImports: true } });
  const [problem] = result.errors;
  if (problem !== undefined) throw new Error(`${relative(projectRoot, path)}: ${problem.message}`);
  return result.code.replace(moduleAddress, '$1$2.js$1');
}

async function compileFile(path: string): Promise<void> {
  const place = relative(projectRoot, path);
  if (place === normalize(preloadSource)) return;
  const isModule = extname(path) === '.ts';
  const target = inProject('dist', 'app', isModule ? `${place.slice(0, -3)}.js` : place);
  await mkdir(dirname(target), { recursive: true });
  if (isModule) await writeFile(target, compileModule(path, await readFile(path, 'utf8')));
  else await copyFile(path, target);
}

/** A sandboxed preload can be neither an ES module nor require other files. */
async function bundlePreload(): Promise<void> {
  const bundle = await rolldown({ input: inProject(preloadSource), external: ['electron'], platform: 'node' });
  await bundle.write({ file: inProject('dist', 'app', 'main', 'shell', 'preload.cjs'), format: 'cjs' });
  await bundle.close();
}

/** The app's picture, drawn from the window's own. */
async function drawIcon(): Promise<void> {
  const svg = await readFile(inProject('renderer', 'public', 'icon.svg'));
  await sharp(svg, { density: 600 })
    .resize(512, 512)
    .png()
    .toFile(inProject('dist', 'app', 'main', 'shell', 'icon.png'));
}

/** Makes `dist/app` anew. */
export async function compileApp(): Promise<void> {
  await rm(appFolder, { recursive: true, force: true });
  for (const source of appSources) {
    for (const file of await listTree(inProject(source))) {
      if (file.isFile) await compileFile(file.path);
    }
  }
  await bundlePreload();
  await drawIcon();
  const { name, version, license, type } = JSON.parse(await readFile(inProject('package.json'), 'utf8'));
  await writeFile(inProject('dist', 'app', 'package.json'), JSON.stringify({ name, version, license, type }));
}
