/** The project's own files as the rules see them: listed by git, parsed by rolldown's parser. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseSync } from 'rolldown/utils';

export const root = resolve(import.meta.dirname, '..', '..');

/** Files that are or will be in the repository: tracked, or new and not ignored. With `/` on every system. */
export function projectFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
}

/** Paths of TypeScript and JavaScript sources. */
export const sourceFiles = (): string[] => projectFiles().filter((path) => /\.(ts|tsx|mjs|js)$/.test(path));

export const readSource = (path: string): string => readFileSync(join(root, path), 'utf8');

export interface ImportEdge {
  readonly from: string;
  /** As written. */
  readonly request: string;
  /** Path in the project, when it is a relative address; else null. */
  readonly target: string | null;
  /** Name of the package (`@scope/name`), or `node:…`; null for relative addresses. */
  readonly packageName: string | null;
  /** True when nothing is left of it at run time. */
  readonly isTypeOnly: boolean;
}

function packageOf(request: string): string | null {
  if (request.startsWith('.')) return null;
  if (request.startsWith('node:')) return request;
  return request
    .split('/')
    .slice(0, request.startsWith('@') ? 2 : 1)
    .join('/');
}

function edge(from: string, request: string, isTypeOnly: boolean): ImportEdge {
  const target = request.startsWith('.')
    ? relative(root, resolve(root, dirname(from), request)).replaceAll('\\', '/')
    : null;
  return { from, request, target, packageName: packageOf(request), isTypeOnly };
}

/** Every import, re-export and `import()` of a source file. Throws when it cannot be parsed. */
export function importsOf(path: string): ImportEdge[] {
  const code = readSource(path);
  const { module, errors } = parseSync(path, code);
  if (errors[0] !== undefined) throw new Error(`${path}: ${errors[0].message}`);
  const edges = module.staticImports.map((found) =>
    edge(path, found.moduleRequest.value, found.entries.length > 0 && found.entries.every((entry) => entry.isType)),
  );
  for (const found of module.staticExports) {
    for (const entry of found.entries) {
      if (entry.moduleRequest) edges.push(edge(path, entry.moduleRequest.value, entry.isType));
    }
  }
  for (const found of module.dynamicImports) {
    const text = code.slice(found.moduleRequest.start, found.moduleRequest.end);
    const literal = /^(['"`])([^'"`$]+)\1$/.exec(text)?.[2];
    if (literal !== undefined) edges.push(edge(path, literal, false));
  }
  return edges;
}
