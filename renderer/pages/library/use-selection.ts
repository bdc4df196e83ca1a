/** Which items are selected: one by one, a range, or all that is loaded. */
import { useState } from 'react';

export interface Selection {
  readonly ids: ReadonlySet<string>;
  toggle(id: string): void;
  /** From the last one toggled to this, in the order of `all`. */
  extendTo(id: string, all: readonly string[]): void;
  selectAll(all: readonly string[]): void;
  clear(): void;
}

export function useSelection(): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [anchor, setAnchor] = useState<string | null>(null);
  return {
    ids,
    toggle(id) {
      const next = new Set(ids);
      if (!next.delete(id)) next.add(id);
      setIds(next);
      setAnchor(id);
    },
    extendTo(id, all) {
      const from = anchor === null ? -1 : all.indexOf(anchor);
      const to = all.indexOf(id);
      if (from === -1 || to === -1) return this.toggle(id);
      setIds(new Set([...ids, ...all.slice(Math.min(from, to), Math.max(from, to) + 1)]));
    },
    selectAll: (all) => setIds(new Set(all)),
    clear() {
      setIds(new Set());
      setAnchor(null);
    },
  };
}
