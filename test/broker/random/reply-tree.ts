/** Replies as trees, so that they can be compared by what they mean where bytes may differ (order of sets, times, digits of doubles). */

export interface ReplyTree {
  /** The RESP type's sign; `!`, `$`, `=` carry text, `*`, `~`, `%`, `>` carry items. */
  readonly kind: string;
  readonly text: string;
  readonly items: readonly ReplyTree[];
}

/** Parses one whole reply. @throws Error when bytes are missing or left over. */
export function parseTree(bytes: string): ReplyTree {
  let at = 0;

  function line(): string {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) throw new Error('half a reply');
    const text = bytes.slice(at, end);
    at = end + 2;
    return text;
  }

  function value(): ReplyTree {
    const head = line();
    const kind = head.charAt(0);
    const text = head.slice(1);
    if ('*%~>'.includes(kind)) {
      if (text === '-1') return { kind: '_', text: 'array', items: [] };
      const count = Number(text) * (kind === '%' ? 2 : 1);
      return { kind, text: '', items: Array.from({ length: count }, value) };
    }
    if (!'$=!'.includes(kind)) return { kind, text, items: [] };
    if (text === '-1') return { kind: '_', text: 'bulk', items: [] };
    const body = bytes.slice(at, at + Number(text));
    at += Number(text) + 2;
    return { kind, text: body, items: [] };
  }

  const tree = value();
  if (at !== bytes.length) throw new Error('more than one reply');
  return tree;
}

/** The tree as one line of text. */
export function show(tree: ReplyTree): string {
  if (tree.items.length > 0 || '*%~>'.includes(tree.kind)) return `${tree.kind}[${tree.items.map(show).join(' ')}]`;
  return `${tree.kind}${JSON.stringify(tree.text)}`;
}

/** The tree with its items in the order of their text; `width` items belong together. */
export function sorted(tree: ReplyTree, width = 1): ReplyTree {
  const groups: ReplyTree[][] = [];
  for (let at = 0; at < tree.items.length; at += width) groups.push(tree.items.slice(at, at + width));
  const keyed = groups.map((group) => ({ group, key: group.map(show).join(' ') }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return { ...tree, items: keyed.flatMap(({ group }) => group) };
}
