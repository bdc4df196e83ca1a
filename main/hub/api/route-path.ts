/** Paths of operations in the router's words, and which operations a path belongs to whatever its method. */

/**
 * `/jobs/{id}:retry` as the router writes it. A literal colon is doubled; a parameter that is followed by more than the end of
 * its segment needs a pattern that stops there.
 */
export function routerPath(path: string): string {
  return path
    .replaceAll(':', '::')
    .replace(/\{(\w+)\}(?=::)/g, ':$1([^/:]+)')
    .replace(/\{(\w+)\}/g, ':$1');
}

/** A pattern that fits the concrete paths of an operation. */
function pathPattern(path: string): RegExp {
  const text = path
    .split(/\{\w+\}/)
    .map((literal) => literal.replace(/[.*+?^$()[\]|\\/]/g, '\\$&'))
    .join('[^/:]+');
  return new RegExp(`^${text}$`);
}

/** @returns a function that tells the methods a concrete path (no query) knows, empty when there is no such path */
export function methodFinder(
  routes: readonly { readonly method: string; readonly path: string }[],
): (path: string) => string[] {
  const known = routes.map((route) => ({ method: route.method, pattern: pathPattern(route.path) }));
  return (path) => [...new Set(known.filter((one) => one.pattern.test(path)).map((one) => one.method))];
}
