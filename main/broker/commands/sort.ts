/** SORT and SORT_RO. */
import type { Handler } from '../command.ts';
import { integer, parseDouble } from '../numbers.ts';
import { cText, EMPTY_ARRAY, err, type Reply, SYNTAX, WRONGTYPE } from '../replies.ts';
import type { Session } from '../session.ts';
import { Deque } from '../structures/deque.ts';
import { Hash } from '../structures/hash.ts';
import { SortedSet } from '../structures/sorted-set.ts';
import { at, upper } from './support.ts';

interface SortOptions {
  by: string | undefined;
  gets: string[];
  offset: number;
  count: number;
  descending: boolean;
  alpha: boolean;
  store: string | undefined;
}

function parseSort(argv: readonly string[], storeAllowed: boolean): SortOptions {
  const options: SortOptions = {
    by: undefined,
    gets: [],
    offset: 0,
    count: -1,
    descending: false,
    alpha: false,
    store: undefined,
  };
  for (let i = 2; i < argv.length; i++) {
    const word = upper(argv, i);
    const left = argv.length - i - 1;
    if (word === 'ASC') options.descending = false;
    else if (word === 'DESC') options.descending = true;
    else if (word === 'ALPHA') options.alpha = true;
    else if (word === 'LIMIT' && left >= 2) {
      options.offset = integer(at(argv, i + 1));
      options.count = integer(at(argv, i + 2));
      i += 2;
    } else if (word === 'STORE' && left >= 1 && storeAllowed) options.store = at(argv, ++i);
    else if (word === 'BY' && left >= 1) options.by = at(argv, ++i);
    else if (word === 'GET' && left >= 1) options.gets.push(at(argv, ++i));
    else throw SYNTAX;
  }
  return options;
}

/** The value that a BY or GET pattern names for an element: `#`, `prefix*suffix`, `prefix*->field`. */
function lookUp(session: Session, pattern: string, element: string): string | undefined {
  if (pattern === '#') return element;
  const star = pattern.indexOf('*');
  if (star < 0) return undefined;
  const arrow = pattern.indexOf('->', star);
  const hasField = arrow >= 0 && arrow + 2 < pattern.length;
  const keyPattern = hasField ? pattern.slice(0, arrow) : pattern;
  const key = keyPattern.slice(0, star) + element + keyPattern.slice(star + 1);
  const value = session.db.forRead(key)?.value;
  if (hasField) return value instanceof Hash ? value.get(pattern.slice(arrow + 2)) : undefined;
  return typeof value === 'string' ? value : undefined;
}

function elementsOf(session: Session, key: string): { items: string[]; ordered: boolean } {
  const value = session.db.forRead(key)?.value;
  if (value === undefined) return { items: [], ordered: false };
  if (value instanceof Deque) return { items: [...value], ordered: true };
  if (value instanceof Set) return { items: [...value], ordered: false };
  if (value instanceof SortedSet) return { items: value.slice(0, value.size), ordered: true };
  throw WRONGTYPE;
}

/** A number to sort by, read as a C string by strtod: blanks before it pass, and what follows a NUL is not seen. */
function weightOf(text: string): number | undefined {
  const bare = cText(text).replace(/^[ \t\n\v\f\r]+/, '');
  return bare === '' ? 0 : parseDouble(bare);
}

function sorted(session: Session, items: string[], options: SortOptions): string[] {
  const { by, alpha, descending } = options;
  const sign = descending ? -1 : 1;
  if (alpha) {
    const keyed = items.map((item) => ({ item, key: by === undefined ? item : (lookUp(session, by, item) ?? '') }));
    keyed.sort((a, b) => sign * (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    return keyed.map(({ item }) => item);
  }
  const keyed = items.map((item) => {
    const text = by === undefined ? item : lookUp(session, by, item);
    const key = text === undefined ? 0 : weightOf(text);
    if (key === undefined) throw err("One or more scores can't be converted into double");
    return { item, key };
  });
  keyed.sort((a, b) => sign * (a.key - b.key || (a.item < b.item ? -1 : a.item > b.item ? 1 : 0)));
  return keyed.map(({ item }) => item);
}

/** BY and GET read keys that the request does not name: whoever may not read all keys may not use them. */
function checkPatterns(session: Session, argv: readonly string[], options: SortOptions): void {
  const { user, engine } = session;
  const usesPatterns = options.gets.length > 0 || options.by?.includes('*') === true;
  const command = engine.table.get(at(argv, 0));
  if (user.unrestricted || !usesPatterns || command === undefined) return;
  if (engine.acl.mayReadAllKeys(user, command, argv)) return;
  const option = options.by?.includes('*') === true ? 'BY' : 'GET';
  throw err(`${option} option of SORT denied due to insufficient ACL permissions`);
}

function run(session: Session, argv: readonly string[], storeAllowed: boolean): Reply {
  const options = parseSort(argv, storeAllowed);
  checkPatterns(session, argv, options);
  const { items, ordered } = elementsOf(session, at(argv, 1));
  const unsorted = options.by !== undefined && !options.by.includes('*');
  let result: string[];
  if (!unsorted) result = sorted(session, items, options);
  else if (ordered && options.descending) result = items.reverse();
  else result = ordered || options.store === undefined ? items : items.sort();
  const from = Math.max(0, options.offset);
  result = options.count < 0 ? result.slice(from) : result.slice(from, from + options.count);
  const gets = options.gets.length === 0 ? ['#'] : options.gets;
  const out = result.flatMap((item) => gets.map((pattern) => lookUp(session, pattern, item) ?? null));
  if (options.store === undefined) return out.length === 0 ? EMPTY_ARRAY : out;
  return store(
    session,
    options.store,
    out.map((item) => item ?? ''),
  );
}

function store(session: Session, key: string, items: readonly string[]): Reply {
  if (items.length === 0) {
    if (session.db.remove(key)) session.db.changed(key);
    session.engine.propagate('DEL', key);
    return 0;
  }
  session.db.put(key, new Deque(items));
  session.db.changed(key);
  session.engine.propagate('DEL', key);
  session.engine.propagate('RPUSH', key, ...items);
  return items.length;
}

export const sortHandlers = {
  sort: (session, argv) => run(session, argv, true),
  sort_ro: (session, argv) => run(session, argv, false),
} satisfies Record<string, Handler>;
