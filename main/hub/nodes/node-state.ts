/** What the hub keeps in memory of each node: its row, and whether it is there. Pure bookkeeping over steady time; tells nobody. */

import { type Failure, failureOf, MillraceError } from '../../../contract/errors.ts';
import { leaseMs, type NodeLoad } from '../../../contract/node.ts';
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
  /** Sessions before the present one, newest last. */
  replaced: readonly string[];
  /** Why somebody with its key was turned away last. */
  trouble: { readonly failure: Failure; readonly atMs: number } | null;
}

const keptSessions = 8;
/** So long after it was last met, a trouble is shown, ms. */
const troubleMs = 5 * 60_000;

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
    replaced: [],
    trouble: null,
  };
}

/**
 * A session that was replaced by a newer one speaks again while that one is alive: two machines run with one key, since sessions
 * belong to processes and a folder to one process. The newer one stays.
 * @throws MillraceError node_cloned
 */
export function checkOnlyOne(state: NodeState, session: string, nowMs: number): void {
  const isAlive = state.presence === 'online' && nowMs - state.heardMs < leaseMs;
  if (!isAlive || !state.replaced.includes(session)) return;
  throw new MillraceError(
    'node_cloned',
    `Another machine works with the key of “${state.row.name}”: one data folder is a copy of the other. On the copy, remove the folder identity and the file hubs.json, and let it join as a machine of its own.`,
  );
}

/** The session that counts from now on. */
export function replaceSession(state: NodeState, session: string): void {
  const before = state.row.session;
  if (before === null || before === session) return;
  state.replaced = [...state.replaced.filter((one) => one !== session), before].slice(-keptSessions);
}

export function noteTrouble(state: NodeState, error: unknown, nowMs: number): void {
  state.trouble = { failure: failureOf(error, 'internal'), atMs: nowMs };
}

export function shownTrouble({ trouble }: NodeState, nowMs: number): Failure | null {
  return trouble !== null && nowMs - trouble.atMs < troubleMs ? trouble.failure : null;
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
