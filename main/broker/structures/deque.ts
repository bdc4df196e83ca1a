/**
 * A list value: a ring buffer of byte strings. Both ends in O(1), access by index in O(1); insertion and removal in the middle
 * shift the shorter side. Redis's quicklist trades index access for smaller blocks; queues use the ends.
 */

export class Deque {
  private slots: (string | undefined)[];
  private mask: number;
  private head = 0;
  size = 0;

  constructor(items: readonly string[] = []) {
    let capacity = 8;
    while (capacity < items.length) capacity *= 2;
    this.slots = new Array<string | undefined>(capacity).fill(undefined);
    this.mask = capacity - 1;
    for (const item of items) this.push(item);
  }

  push(item: string): void {
    if (this.size === this.slots.length) this.resize(this.slots.length * 2);
    this.slots[(this.head + this.size) & this.mask] = item;
    this.size++;
  }

  unshift(item: string): void {
    if (this.size === this.slots.length) this.resize(this.slots.length * 2);
    this.head = (this.head - 1) & this.mask;
    this.slots[this.head] = item;
    this.size++;
  }

  pop(): string | undefined {
    if (this.size === 0) return undefined;
    this.size--;
    const at = (this.head + this.size) & this.mask;
    const item = this.slots[at];
    this.slots[at] = undefined;
    this.shrink();
    return item;
  }

  shift(): string | undefined {
    if (this.size === 0) return undefined;
    const item = this.slots[this.head];
    this.slots[this.head] = undefined;
    this.head = (this.head + 1) & this.mask;
    this.size--;
    this.shrink();
    return item;
  }

  /** The item at `index` (0 ≤ index < size). */
  at(index: number): string {
    return this.slots[(this.head + index) & this.mask] ?? '';
  }

  set(index: number, item: string): void {
    this.slots[(this.head + index) & this.mask] = item;
  }

  /** Items from..to, both included, in order; bounds must be valid. */
  slice(from: number, to: number): string[] {
    const out: string[] = [];
    for (let i = from; i <= to; i++) out.push(this.at(i));
    return out;
  }

  insert(index: number, item: string): void {
    if (index <= this.size / 2) {
      this.unshift('');
      for (let i = 0; i < index; i++) this.set(i, this.at(i + 1));
    } else {
      this.push('');
      for (let i = this.size - 1; i > index; i--) this.set(i, this.at(i - 1));
    }
    this.set(index, item);
  }

  removeAt(index: number): void {
    if (index < this.size / 2) {
      for (let i = index; i > 0; i--) this.set(i, this.at(i - 1));
      this.shift();
    } else {
      for (let i = index; i < this.size - 1; i++) this.set(i, this.at(i + 1));
      this.pop();
    }
  }

  /** Removes up to `limit` equal items from the front, or from the back when `fromBack`. Returns how many. */
  removeEqual(item: string, limit: number, fromBack: boolean): number {
    if (limit === 1) {
      const at = fromBack ? this.lastIndexOf(item) : this.indexOf(item);
      if (at < 0) return 0;
      this.removeAt(at);
      return 1;
    }
    const all = this.slice(0, this.size - 1);
    if (fromBack) all.reverse();
    let removed = 0;
    const kept = all.filter((each) => each !== item || removed === limit || ++removed === 0);
    if (removed === 0) return 0;
    if (fromBack) kept.reverse();
    this.assign(kept);
    return removed;
  }

  /** Keeps the items from..to, both included. */
  trim(from: number, to: number): void {
    const keep = to - from + 1;
    if (keep < this.size / 2) {
      this.assign(this.slice(from, to));
      return;
    }
    for (let i = this.size - 1; i > to; i--) this.pop();
    for (let i = 0; i < from; i++) this.shift();
  }

  *[Symbol.iterator](): IterableIterator<string> {
    for (let i = 0; i < this.size; i++) yield this.at(i);
  }

  private indexOf(item: string): number {
    for (let i = 0; i < this.size; i++) if (this.slots[(this.head + i) & this.mask] === item) return i;
    return -1;
  }

  private lastIndexOf(item: string): number {
    for (let i = this.size - 1; i >= 0; i--) if (this.slots[(this.head + i) & this.mask] === item) return i;
    return -1;
  }

  private assign(items: readonly string[]): void {
    let capacity = 8;
    while (capacity < items.length) capacity *= 2;
    this.slots = new Array<string | undefined>(capacity).fill(undefined);
    this.mask = capacity - 1;
    this.head = 0;
    this.size = 0;
    for (const item of items) this.push(item);
  }

  private shrink(): void {
    if (this.slots.length > 64 && this.size < this.slots.length / 8) this.resize(this.slots.length / 4);
  }

  private resize(capacity: number): void {
    const next = new Array<string | undefined>(capacity).fill(undefined);
    for (let i = 0; i < this.size; i++) next[i] = this.slots[(this.head + i) & this.mask];
    this.slots = next;
    this.mask = capacity - 1;
    this.head = 0;
  }
}
