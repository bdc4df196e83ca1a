/** What the hub keeps in memory of each node: its row, and whether it is there. Pure bookkeeping over steady time; tells nobody. */
import type { NodeLoad } from '../../../contract/node.ts';
import type { NodeRow } from '../catalog/nodes.ts';

/** `expected`: not heard of since the hub started, within its grace; no work is placed there yet, and nothing taken away. */
export type Presence = 'expected' | 'online' | 'silent';

export interface NodeState {
  row: NodeRow;
  presence: Presence;
  paused: boolean;
  load: NodeLoad | null;
  /** Steady ms; the time of its last sign, or of the hub's start. */
  heardMs: number;
  /** Said hello to this run of the hub. */
  greeted: boolean;
  /** When `last_seen_ms` was last written, steady ms. */
  writtenMs: number;
  /** When its load was last told to the window, steady ms. */
  toldMs: number;
  toldCpu: number | null;
}

export function newNodeState(row: NodeRow, nowMs: number): NodeState {
  return {
    row,
    presence: 'expected',
    paused: false,
    load: null,
    heardMs: nowMs,
    greeted: false,
    writtenMs: nowMs,
    toldMs: nowMs,
    toldCpu: null,
  };
}

/** How people see it: a machine that is merely expected is not heard of. */
export function shownState(state: NodeState): 'online' | 'silent' | 'paused' {
  if (state.presence !== 'online') return 'silent';
  return state.paused || state.row.hold !== 'none' ? 'paused' : 'online';
}

/** A name without anything that cannot be seen or turns text around: control and format characters, line ends. */
export function plainMachineName(text: string): string {
  const plain = text
    .normalize('NFC')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .replace(/\s+/gu, ' ')
    .trim();
  return plain.slice(0, 63).trim() || 'node';
}

/**
 * The first free name like the wanted one: `anna`, `anna-2`, `anna-3` …; case does not tell names apart.
 * @param current the name that it has now: kept while it is one of these
 */
export function uniqueName(wanted: string, others: readonly string[], current?: string): string {
  const taken = new Set(others.map((name) => name.toLowerCase()));
  const base = plainMachineName(wanted).slice(0, 58).trim();
  const isVariant =
    current === base || (current?.startsWith(`${base}-`) && /^\d+$/.test(current.slice(base.length + 1)));
  if (current !== undefined && isVariant && !taken.has(current.toLowerCase())) return current;
  let name = base;
  for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${base}-${number}`;
  return name;
}
