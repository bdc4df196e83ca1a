/**
 * `npm run package [-- --dist FOLDER]`: packs the desktop app for this platform into `release/` with electron-builder. Beforehand it
 * puts the node-agent together as a package of its own, with its own Node. `--dist` names an unpacked Electron where none can be fetched.
 */
import { chmod, copyFile, cp, mkdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { importsOf, sourceFiles } from '../test/repo/source-files.ts';
import { appTarget, ensureBuilt, windowTarget } from './build.ts';
import { appFolder } from './compile-app.ts';
import { inProject, isEntry, projectRoot } from './project.ts';

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const agentFolder = inProject('dist', 'node-agent');
/** What runs under the agent's own Node. The previews' worker is the hub's, but decodes pictures, which the hub does not. */
const agentCode = /^(node-agent|contract|common|main\/hub\/previews)\//;
/** Of packages, what nobody reads at run time. */
const unread = /\.(map|ts|mts|cts|md|markdown)$/;

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      dependencies: z.record(z.string(), z.string()).optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
      link: z.boolean().optional(),
      resolved: z.string().optional(),
    }),
  ),
});
type Lock = z.infer<typeof lockSchema>['packages'];

/** Where a package that `from` asks for lies, as Node looks for it; undefined when it is not for this platform. */
function resolveIn(lock: Lock, from: string, name: string): string | undefined {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    const place = `${base === '' ? '' : `${base}/`}node_modules/${name}`;
    if (lock[place] !== undefined) return place;
    if (base === '' || !base.includes('/node_modules/')) return base === '' ? undefined : resolveIn(lock, '', name);
  }
}

/** Places of all packages that these need, by package-lock.json. */
function closureOf(lock: Lock, names: Iterable<string>): Set<string> {
  const places = new Set<string>();
  const visit = (from: string, name: string): void => {
    const place = resolveIn(lock, from, name);
    if (place === undefined || places.has(place)) return;
    places.add(place);
    const { dependencies = {}, optionalDependencies = {} } = lock[place] ?? {};
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) visit(place, next);
  };
  for (const name of names) visit('', name);
  return places;
}

function packagesOfAgent(): Set<string> {
  const edges = sourceFiles()
    .filter((path) => agentCode.test(path))
    .flatMap((path) => importsOf(path));
  const names = edges.flatMap(({ packageName, isTypeOnly }) =>
    packageName && !isTypeOnly && !packageName.startsWith('node:') ? [packageName] : [],
  );
  return new Set(names);
}

/** Puts `dist/node-agent` together: compiled code, the packages that it imports, and this Node. */
export async function assembleAgent(): Promise<{ packages: number }> {
  await rm(agentFolder, { recursive: true, force: true });
  for (const part of ['node-agent', 'contract', 'common', 'main/hub/previews']) {
    await cp(join(appFolder, part), join(agentFolder, part), { recursive: true });
  }
  await copyFile(join(appFolder, 'package.json'), join(agentFolder, 'package.json'));
  const lock = lockSchema.parse(JSON.parse(await readFile(inProject('package-lock.json'), 'utf8'))).packages;
  const places = closureOf(lock, packagesOfAgent());
  let packages = 0;
  for (const place of places) {
    const filter = (source: string): boolean =>
      !unread.test(source) && (source === inProject(place) || basename(source) !== 'node_modules');
    // Optional ones of other platforms are in the lock, not here.
    const copied = await cp(inProject(place), join(agentFolder, place), {
      recursive: true,
      dereference: true,
      filter,
    }).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return false;
        throw error;
      },
    );
    if (copied) packages++;
  }
  const binary = join(agentFolder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  await mkdir(join(agentFolder, 'bin'));
  await copyFile(process.execPath, binary);
  await chmod(binary, 0o755);
  return { packages };
}

/** Fuses are written into a real Electron only. */
async function pack(dist: string | undefined): Promise<void> {
  const { build } = await import('electron-builder');
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(inProject('node_modules', 'electron', 'package.json'), 'utf8')));
  await build({
    projectDir: projectRoot,
    publish: 'never',
    config: {
      extends: inProject('electron-builder.yml'),
      electronVersion: version,
      ...(dist !== undefined && { electronDist: dist, electronFuses: null }),
    },
  });
}

if (isEntry(import.meta.filename)) {
  const [flag, dist] = process.argv.slice(2);
  if (flag !== undefined && (flag !== '--dist' || dist === undefined)) {
    say('Usage: npm run package [-- --dist FOLDER]');
    process.exit(2);
  }
  try {
    await ensureBuilt([windowTarget, appTarget], say);
    const { packages } = await assembleAgent();
    say(`The node-agent has ${packages} packages.`);
    await pack(dist);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
