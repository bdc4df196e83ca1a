/** Who may import whom (docs/ARCHITECTURE.md §2), which packages belong to one place, and that no modules import each other in a circle. */
import { expect, test } from 'vitest';
import { type ImportEdge, importsOf, readSource, sourceFiles } from './source-files.ts';

interface Layer {
  readonly name: string;
  readonly files: RegExp;
  /** Paths in the project that it may import. */
  readonly mayImport: RegExp;
  /** Packages that it may import; node's own when this says so. */
  readonly mayUse: RegExp;
}

const anyPackage = /./;
/** Every file of the app belongs to the first layer that names it. */
const layers: readonly Layer[] = [
  { name: 'contract', files: /^contract\//, mayImport: /^contract\//, mayUse: /^zod$/ },
  // What hub and node must do alike, with a library each: certificates, HTTP over pinned connections, mDNS.
  {
    name: 'common (identity, pinned-dispatcher, mdns)',
    files: /^common\/(identity|pinned-dispatcher|mdns)\.ts$/,
    mayImport: /^common\//,
    mayUse: /^(node:.*|@peculiar\/x509|reflect-metadata|undici|bonjour-service)$/,
  },
  { name: 'common', files: /^common\//, mayImport: /^common\//, mayUse: /^node:/ },
  { name: 'renderer', files: /^renderer\//, mayImport: /^(renderer|contract)\//, mayUse: /^(?!node:)/ },
  {
    name: 'shell',
    files: /^main\/(index\.ts$|shell\/)/,
    mayImport: /^(main\/shell|contract|common)\//,
    mayUse: /^(node:.*|electron|zod)$/,
  },
  {
    name: 'start-hub',
    files: /^main\/hub\/start-hub\.ts$/,
    mayImport: /^(main\/hub\/|contract\/|common\/|main\/broker\/start-broker\.ts$)/,
    mayUse: anyPackage,
  },
  { name: 'hub', files: /^main\/hub\//, mayImport: /^(main\/hub|contract|common)\//, mayUse: anyPackage },
  { name: 'broker', files: /^main\/broker\//, mayImport: /^(main\/broker|common)\//, mayUse: anyPackage },
  {
    name: 'cli',
    files: /^main\/cli\//,
    mayImport:
      /^(main\/cli\/|contract\/|common\/|package\.json$|main\/hub\/(start-hub|config)\.ts$|main\/broker\/start-broker\.ts$|node-agent\/(start-agent|config)\.ts$)/,
    mayUse: anyPackage,
  },
  { name: 'node-agent', files: /^node-agent\//, mayImport: /^(node-agent|contract|common)\//, mayUse: anyPackage },
];

/** Packages that only these places may use. */
const homes: readonly { readonly packages: RegExp; readonly files: RegExp }[] = [
  { packages: /^electron$/, files: /^main\/(index\.ts$|shell\/)/ },
  { packages: /^bullmq$/, files: /^(main\/hub\/queue\/|node-agent\/workers)/ },
  { packages: /^better-sqlite3$/, files: /^main\/hub\/catalog\/database\.ts$/ },
  { packages: /^(fastify|@fastify\/.*|fastify-type-provider-zod)$/, files: /^main\/hub\/api\// },
  // The hub never decodes pictures itself: previews do it in a process of their own.
  { packages: /^sharp$/, files: /^(node-agent\/stages\/|main\/hub\/previews\/)/ },
  { packages: /^(react|react-dom|@mantine\/.*|@tanstack\/.*)$/, files: /^renderer\// },
];

const appFiles = sourceFiles().filter((path) => /^(contract|common|renderer|main|node-agent)\//.test(path));
const edges = appFiles.flatMap((path) => importsOf(path));

test('there is something to judge', () => {
  expect(appFiles.length).toBeGreaterThan(50);
  expect(edges.length).toBeGreaterThan(appFiles.length);
});

test('every file belongs to a layer and imports only what its layer may', () => {
  const wrong: string[] = [];
  for (const path of appFiles) {
    if (!layers.some((layer) => layer.files.test(path))) wrong.push(`${path} belongs to no layer`);
  }
  for (const { from, request, target, packageName } of edges) {
    const layer = layers.find((candidate) => candidate.files.test(from));
    if (layer === undefined) continue;
    const isAllowed = target !== null ? layer.mayImport.test(target) : layer.mayUse.test(packageName ?? '');
    if (!isAllowed) wrong.push(`${from} (${layer.name}) imports ${request}`);
  }
  expect(wrong).toEqual([]);
});

test('packages with a home are used only there', () => {
  const wrong = edges.filter(({ from, packageName }) =>
    homes.some((home) => packageName !== null && home.packages.test(packageName) && !home.files.test(from)),
  );
  expect(wrong.map(({ from, request }) => `${from} imports ${request}`)).toEqual([]);
});

test('everything imported at run time outside the window is a production dependency', () => {
  const { dependencies } = JSON.parse(readSource('package.json'));
  const wrong = edges.filter(
    ({ from, packageName, isTypeOnly }) =>
      packageName !== null &&
      !isTypeOnly &&
      !from.startsWith('renderer/') &&
      !packageName.startsWith('node:') &&
      packageName !== 'electron' &&
      dependencies[packageName] === undefined,
  );
  expect(wrong.map(({ from, request }) => `${from} imports ${request}`)).toEqual([]);
});

/** Circles among modules, as `a → b → a`; each once. */
function circles(all: readonly ImportEdge[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, target, isTypeOnly } of all) {
    if (target === null || isTypeOnly) continue;
    next.set(from, [...(next.get(from) ?? []), target]);
  }
  const state = new Map<string, 'open' | 'closed'>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'closed') return;
    if (state.get(path) === 'open') {
      found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      return;
    }
    state.set(path, 'open');
    for (const target of next.get(path) ?? []) visit(target, [...trail, path]);
    state.set(path, 'closed');
  };
  for (const path of next.keys()) visit(path, []);
  return found;
}

test('no modules import each other in a circle', () => {
  expect(circles(edges)).toEqual([]);
});

test('a circle would be found', () => {
  const of = (from: string, target: string): ImportEdge => ({
    from,
    request: '',
    target,
    packageName: null,
    isTypeOnly: false,
  });
  expect(circles([of('a', 'b'), of('b', 'c'), of('c', 'a')])).toEqual(['a → b → c → a']);
});
