/**
 * A sorted set: two structures over the same elements. A Map gives member → score in O(1); a counted B+ tree keeps (score, member)
 * in order, by score and then by the member's bytes, and knows each subtree's size, so that add, remove, rank and access by rank
 * are O(log n). Leaves are two parallel arrays of at most LEAF_MAX entries: a small set is a single leaf and a binary search, which
 * beats a skip list's pointer chase in JavaScript and costs fewer objects for each element.
 *
 * Every range query of Redis (by rank, score or lex) reduces to two ranks, found by lowerBound(), and a walk between them.
 */

const LEAF_MAX = 128;
const BRANCH_MAX = 32;

interface Leaf {
  readonly leaf: true;
  scores: number[];
  members: string[];
}

interface Branch {
  readonly leaf: false;
  children: Node[];
  /** Entries below each child. */
  sizes: number[];
}

type Node = Leaf | Branch;

/** A lower end of a range: the first entry for which `below` is false. It must be monotonic over the order. */
export type Below = (score: number, member: string) => boolean;

export class SortedSet {
  private readonly scores = new Map<string, number>();
  private root: Node = newLeaf();

  get size(): number {
    return this.scores.size;
  }

  score(member: string): number | undefined {
    return this.scores.get(member);
  }

  members(): IterableIterator<string> {
    return this.scores.keys();
  }

  /** Adds a member or moves it. Returns true when it is new. */
  set(member: string, score: number): boolean {
    const old = this.scores.get(member);
    if (old !== undefined) {
      if (Object.is(old, score)) return false;
      this.removeEntry(old, member);
    }
    this.scores.set(member, score);
    const sibling = insertInto(this.root, score, member);
    if (sibling !== undefined) {
      this.root = { leaf: false, children: [this.root, sibling], sizes: [countOf(this.root), countOf(sibling)] };
    }
    return old === undefined;
  }

  delete(member: string): boolean {
    const score = this.scores.get(member);
    if (score === undefined) return false;
    this.scores.delete(member);
    this.removeEntry(score, member);
    return true;
  }

  /** Position of a member counted from the lowest score, or undefined. */
  rank(member: string): number | undefined {
    const score = this.scores.get(member);
    if (score === undefined) return undefined;
    return this.lowerBound((s, m) => s < score || (s === score && m < member));
  }

  /** How many entries lie below the bound; also the rank of the first entry at or above it. */
  lowerBound(below: Below): number {
    let node = this.root;
    let rank = 0;
    while (!node.leaf) {
      const at = childBelow(node, below);
      for (let i = 0; i < at; i++) rank += node.sizes[i] ?? 0;
      const child = node.children[at];
      if (child === undefined) return rank;
      node = child;
    }
    return rank + leafBound(node, below);
  }

  /**
   * Visits `count` entries from rank `from` upwards, or downwards when `reverse`. The visitor returns false to stop.
   * The set must not change meanwhile.
   */
  walk(
    from: number,
    count: number,
    reverse: boolean,
    visit: (member: string, score: number) => boolean | undefined,
  ): void {
    let rank = from;
    let left = count;
    while (left > 0 && rank >= 0 && rank < this.scores.size) {
      const { leaf, offset } = this.leafAt(rank);
      if (reverse) {
        for (let i = offset; i >= 0 && left > 0; i--, left--, rank--) {
          if (visit(leaf.members[i] ?? '', leaf.scores[i] ?? 0) === false) return;
        }
      } else {
        for (let i = offset; i < leaf.members.length && left > 0; i++, left--, rank++) {
          if (visit(leaf.members[i] ?? '', leaf.scores[i] ?? 0) === false) return;
        }
      }
    }
  }

  /** Members of `count` entries from rank `from`, in order. */
  slice(from: number, count: number): string[] {
    const out: string[] = [];
    this.walk(from, count, false, (member) => {
      out.push(member);
      return true;
    });
    return out;
  }

  private leafAt(rank: number): { leaf: Leaf; offset: number } {
    let node = this.root;
    let offset = rank;
    while (!node.leaf) {
      let i = 0;
      while (i < node.sizes.length - 1 && offset >= (node.sizes[i] ?? 0)) {
        offset -= node.sizes[i] ?? 0;
        i++;
      }
      const child: Node | undefined = node.children[i];
      if (child === undefined) break;
      node = child;
    }
    return node.leaf ? { leaf: node, offset } : { leaf: newLeaf(), offset: 0 };
  }

  private removeEntry(score: number, member: string): void {
    removeFrom(this.root, score, member);
    if (!this.root.leaf && this.root.children.length === 1) this.root = this.root.children[0] ?? newLeaf();
    else if (!this.root.leaf && this.root.children.length === 0) this.root = newLeaf();
  }
}

function newLeaf(): Leaf {
  return { leaf: true, scores: [], members: [] };
}

function countOf(node: Node): number {
  if (node.leaf) return node.members.length;
  let sum = 0;
  for (const size of node.sizes) sum += size;
  return sum;
}

function leafBound(leaf: Leaf, below: Below): number {
  let low = 0;
  let high = leaf.members.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (below(leaf.scores[middle] ?? 0, leaf.members[middle] ?? '')) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index in the leaf of the first entry not below (score, member). The appended case comes first: queues mostly add at the end. */
function leafIndex(leaf: Leaf, score: number, member: string): number {
  const { scores, members } = leaf;
  let high = members.length;
  if (high === 0) return 0;
  const lastScore = scores[high - 1] ?? 0;
  if (lastScore < score || (lastScore === score && (members[high - 1] ?? '') < member)) return high;
  let low = 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const s = scores[middle] ?? 0;
    if (s < score || (s === score && (members[middle] ?? '') < member)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lastOf(node: Node): Leaf {
  let at = node;
  while (!at.leaf) {
    const child: Node | undefined = at.children[at.children.length - 1];
    if (child === undefined) return newLeaf();
    at = child;
  }
  return at;
}

/** The child that holds the first entry not below the bound (the last child when all are below). */
function childBelow(branch: Branch, below: Below): number {
  let low = 0;
  let high = branch.children.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const child = branch.children[middle];
    if (child === undefined) return low;
    const last = lastOf(child);
    const end = last.members.length - 1;
    if (below(last.scores[end] ?? 0, last.members[end] ?? '')) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Inserts below `node`; returns a new right sibling when it had to split. */
function insertInto(node: Node, score: number, member: string): Node | undefined {
  if (node.leaf) {
    const at = leafIndex(node, score, member);
    if (at === node.members.length) {
      node.scores.push(score);
      node.members.push(member);
    } else {
      node.scores.splice(at, 0, score);
      node.members.splice(at, 0, member);
    }
    if (node.members.length <= LEAF_MAX) return undefined;
    // An append splits unevenly: ascending insertion then leaves full leaves behind instead of half-empty ones.
    const cut = at === node.members.length - 1 ? LEAF_MAX : LEAF_MAX >> 1;
    return { leaf: true, scores: node.scores.splice(cut), members: node.members.splice(cut) };
  }
  const at = childBelow(node, (s, m) => s < score || (s === score && m < member));
  const child = node.children[at];
  if (child === undefined) return undefined;
  const sibling = insertInto(child, score, member);
  if (sibling === undefined) {
    node.sizes[at] = (node.sizes[at] ?? 0) + 1;
    return undefined;
  }
  node.sizes[at] = countOf(child);
  node.children.splice(at + 1, 0, sibling);
  node.sizes.splice(at + 1, 0, countOf(sibling));
  if (node.children.length <= BRANCH_MAX) return undefined;
  const cut = BRANCH_MAX >> 1;
  return { leaf: false, children: node.children.splice(cut), sizes: node.sizes.splice(cut) };
}

function removeFrom(node: Node, score: number, member: string): void {
  if (node.leaf) {
    const at = leafIndex(node, score, member);
    if (at === 0) {
      node.scores.shift();
      node.members.shift();
    } else {
      node.scores.splice(at, 1);
      node.members.splice(at, 1);
    }
    return;
  }
  const at = childBelow(node, (s, m) => s < score || (s === score && m < member));
  const child = node.children[at];
  if (child === undefined) return;
  removeFrom(child, score, member);
  node.sizes[at] = (node.sizes[at] ?? 0) - 1;
  if (node.sizes[at] === 0) {
    node.children.splice(at, 1);
    node.sizes.splice(at, 1);
  } else {
    mergeSmall(node, at);
  }
}

/** Joins a child that has become small with its right (or left) neighbour when both fit into one node. */
function mergeSmall(branch: Branch, index: number): void {
  const left = index + 1 < branch.children.length ? index : index - 1;
  const a = branch.children[left];
  const b = branch.children[left + 1];
  if (a === undefined || b === undefined) return;
  if (a.leaf && b.leaf) {
    if (a.members.length + b.members.length > LEAF_MAX >> 1) return;
    a.scores.push(...b.scores);
    a.members.push(...b.members);
  } else if (!a.leaf && !b.leaf) {
    if (a.children.length + b.children.length > BRANCH_MAX >> 1) return;
    a.children.push(...b.children);
    a.sizes.push(...b.sizes);
  } else {
    return;
  }
  branch.sizes[left] = (branch.sizes[left] ?? 0) + (branch.sizes[left + 1] ?? 0);
  branch.children.splice(left + 1, 1);
  branch.sizes.splice(left + 1, 1);
}
