/** Glob patterns of KEYS, SCAN, PSUBSCRIBE, CONFIG GET and ACL rules, compiled once into a predicate over byte strings. */

type Token =
  | { readonly kind: 'any' }
  | { readonly kind: 'one' }
  | { readonly kind: 'char'; readonly code: number }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] };

function parseSet(pattern: string, start: number): { token: Token; next: number } {
  let i = start + 1;
  const negated = pattern[i] === '^';
  if (negated) i++;
  const ranges: [number, number][] = [];
  for (;;) {
    if (i >= pattern.length) break;
    if (pattern[i] === '\\' && i + 1 < pattern.length) {
      i++;
      ranges.push([pattern.charCodeAt(i), pattern.charCodeAt(i)]);
    } else if (pattern[i] === ']') {
      i++;
      break;
    } else if (pattern[i + 1] === '-' && i + 2 < pattern.length) {
      const a = pattern.charCodeAt(i);
      const b = pattern.charCodeAt(i + 2);
      ranges.push(a <= b ? [a, b] : [b, a]);
      i += 2;
    } else {
      ranges.push([pattern.charCodeAt(i), pattern.charCodeAt(i)]);
    }
    i++;
  }
  return { token: { kind: 'set', negated, ranges }, next: i };
}

function parsePattern(pattern: string): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  while (i < pattern.length) {
    const char = pattern[i];
    if (char === '*') {
      if (tokens.at(-1)?.kind !== 'any') tokens.push({ kind: 'any' });
      i++;
    } else if (char === '?') {
      tokens.push({ kind: 'one' });
      i++;
    } else if (char === '[') {
      const { token, next } = parseSet(pattern, i);
      tokens.push(token);
      i = next;
    } else {
      if (char === '\\' && i + 1 < pattern.length) i++;
      tokens.push({ kind: 'char', code: pattern.charCodeAt(i) });
      i++;
    }
  }
  return tokens;
}

function accepts(token: Token, code: number): boolean {
  if (token.kind === 'one') return true;
  if (token.kind === 'char') return token.code === code;
  if (token.kind === 'any') return false;
  const inside = token.ranges.some(([low, high]) => code >= low && code <= high);
  return inside !== token.negated;
}

/** Iterative matching with one point of return, so a hostile pattern costs at most text × pattern steps. */
function matchTokens(tokens: readonly Token[], text: string): boolean {
  let t = 0;
  let p = 0;
  let starAt = -1;
  let retryAt = 0;
  while (t < text.length) {
    const token = tokens[p];
    if (token?.kind === 'any') {
      starAt = p++;
      retryAt = t;
    } else if (token !== undefined && accepts(token, text.charCodeAt(t))) {
      p++;
      t++;
    } else if (starAt >= 0) {
      p = starAt + 1;
      t = ++retryAt;
    } else {
      return false;
    }
  }
  while (tokens[p]?.kind === 'any') p++;
  return p === tokens.length;
}

/** Compiles a glob; `ignoreCase` folds ASCII letters on both sides (CONFIG GET). */
export function compileGlob(pattern: string, ignoreCase = false): (text: string) => boolean {
  if (pattern === '*') return () => true;
  const folded = ignoreCase ? pattern.toLowerCase() : pattern;
  if (!/[*?[\\]/.test(folded)) return (text) => (ignoreCase ? text.toLowerCase() : text) === folded;
  const prefix = /^([^*?[\\]*)\*$/.exec(folded)?.[1];
  if (prefix !== undefined && !ignoreCase) return (text) => text.startsWith(prefix);
  const tokens = parsePattern(folded);
  return (text) => matchTokens(tokens, ignoreCase ? text.toLowerCase() : text);
}
