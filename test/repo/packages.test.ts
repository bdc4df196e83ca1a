/** package.json and its lock: the scripts that people rely on, where packages come from, and under which licences. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readSource, root } from './source-files.ts';

const manifest = z
  .object({
    scripts: z.record(z.string(), z.string()),
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
    engines: z.object({ node: z.string() }),
    main: z.string(),
  })
  .parse(JSON.parse(readSource('package.json')));

const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.object({
        version: z.string().optional(),
        resolved: z.string().optional(),
        integrity: z.string().optional(),
        license: z.string().optional(),
        link: z.boolean().optional(),
        dev: z.boolean().optional(),
        optionalDependencies: z.record(z.string(), z.string()).optional(),
      }),
    ),
  })
  .parse(JSON.parse(readSource('package-lock.json')));

const installed = Object.entries(lock.packages).filter(
  ([path, entry]) => path.startsWith('node_modules/') && !entry.link,
);

test('the scripts that people rely on exist, and each begins with the bootstrap', () => {
  for (const name of ['start', 'test', 'test:long', 'bench', 'demo', 'millrace', 'build', 'check', 'docs']) {
    expect(manifest.scripts[name], name).toBe(`node tools/bootstrap.mjs ${name}`);
  }
  // npm drops them with ignore-scripts.
  expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)/.test(name))).toEqual([]);
});

test('every target of the bootstrap is there', () => {
  const targets = [...readSource('tools/bootstrap.mjs').matchAll(/\['((?:tools|main)\/[a-z/-]+\.ts)'/g)].map(
    (found) => found[1] ?? '',
  );
  expect(targets.length).toBeGreaterThanOrEqual(9);
  expect(targets.filter((target) => !existsSync(join(root, target)))).toEqual([]);
});

test('versions are exact', () => {
  const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
    ([, version]) => !/^(\d+\.\d+\.\d+([-+].*)?|file:\.\/tools\/.*)$/.test(version),
  );
  expect(loose).toEqual([]);
});

test('the lock names no download address, and every package has its digest', () => {
  expect(installed.filter(([, entry]) => /^(https?|git)/.test(entry.resolved ?? '')).map(([path]) => path)).toEqual([]);
  expect(installed.filter(([, entry]) => !entry.integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([]);
});

/** Where Node would find a package that another one asks for, by the lock. */
function findInLock(from: string, name: string): string | undefined {
  for (let base = from; ; base = base.slice(0, base.lastIndexOf('/node_modules/'))) {
    if (lock.packages[`${base}/node_modules/${name}`] !== undefined) return `${base}/node_modules/${name}`;
    if (!base.includes('/node_modules/')) break;
  }
  return lock.packages[`node_modules/${name}`] === undefined ? undefined : `node_modules/${name}`;
}

test('builds for other platforms are in the lock, in the version asked for: without them npm ci stops', () => {
  const wrong: string[] = [];
  for (const [path, entry] of installed) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (!/^\d+\.\d+\.\d+$/.test(version)) continue;
      const found = findInLock(path, name);
      if (found === undefined || lock.packages[found]?.version !== version)
        wrong.push(`${path} asks for ${name} ${version}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('no install scripts run, and nothing reports home', () => {
  const settings = readSource('.npmrc');
  for (const line of ['ignore-scripts=true', 'omit-lockfile-registry-resolved=true']) expect(settings).toContain(line);
});

/** Licences under which packages may be part of the app. */
const allowed = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
  'OFL-1.1',
  'MPL-2.0',
  'Python-2.0',
  'WTFPL',
]);
/** libvips is a library of its own beside sharp, replaceable by the user: what LGPL asks for. */
const mayBeLgpl = /^node_modules\/@img\/sharp-/;

/** True when an SPDX expression can be met with allowed licences alone. */
function isMet(expression: string, isAllowed: (licence: string) => boolean): boolean {
  const plain = expression.replace(/[()]/g, '');
  return plain.split(' OR ').some((choice) => choice.split(' AND ').every((licence) => isAllowed(licence.trim())));
}

test('every licence is one that the app may carry', () => {
  const wrong = installed.filter(([path, entry]) => {
    const isAllowed = (licence: string): boolean =>
      allowed.has(licence) || (licence === 'LGPL-3.0-or-later' && mayBeLgpl.test(path));
    return !isMet(entry.license ?? 'none', isAllowed);
  });
  expect(wrong.map(([path, entry]) => `${path} ${entry.license}`)).toEqual([]);
});

test('a forbidden licence would be found', () => {
  const isAllowed = (licence: string): boolean => allowed.has(licence);
  expect(isMet('GPL-3.0-only', isAllowed)).toBe(false);
  expect(isMet('(MIT OR GPL-3.0-only)', isAllowed)).toBe(true);
  expect(isMet('Apache-2.0 AND AGPL-3.0', isAllowed)).toBe(false);
});
