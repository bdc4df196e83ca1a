/** The running script's registers: current line, call depth, step budget, host. One per engine; scripts never overlap. */
import { getHeapStatistics } from 'node:v8';
import type { LuaHostCalls } from './host.ts';
import type { LuaTable } from './table.ts';
import { LuaError, LuaStop, type LuaThread } from './value.ts';

/** Steps (loop turns and function entries) between two questions to `shouldStop`. */
const STEPS_PER_POLL = 2_000;
/** Redis's words for a script that is told to stop. */
const KILLED = 'Script killed by user with SCRIPT KILL...';
/** Polls between two looks at the heap. */
const POLLS_PER_HEAP_CHECK = 50;
/** A script may fill the heap up to this part of its limit. */
const HEAP_SHARE = 0.85;
/** An encoded line is `chunk × CHUNK_LINES + line`; chunk 0 is the script, others are loadstring's. */
export const CHUNK_LINES = 1_048_576;
/** Added to `l` for a call of the form `obj:name()`: argument numbers in errors do not count the object. */
export const METHOD_CALL = 0x40000000;
/** Lua's LUAI_MAXCCALLS: how deep builtins may call back into Lua. */
const MAX_C_DEPTH = 200;

/**
 * Field names are short because the generated code writes them at every call.
 * `l`: encoded line of the call being made; negative in tail position, 0 when the caller is a builtin.
 */
export class LuaState {
  l = 0;
  /** Depth of Lua functions; `lines[d]` is the value of `l` with which the function at depth d was entered. */
  d = 0;
  lines: Int32Array;
  /** Steps left until the next poll. */
  n = STEPS_PER_POLL;
  cDepth = 0;
  resp: 2 | 3 = 2;
  host: LuaHostCalls | null = null;
  KEYS: LuaTable | undefined = undefined;
  ARGV: LuaTable | undefined = undefined;
  thread: LuaThread | null = null;
  /** Names of loadstring's chunks of the current run; index 0 is the script. */
  chunkNames: string[] = ['user_script'];
  /** What `debug.getinfo` would give as their source. */
  chunkSources: string[] = ['@user_script'];
  readonly maxDepth: number;
  #polls = 0;

  constructor(maxDepth: number) {
    this.maxDepth = maxDepth;
    this.lines = new Int32Array(maxDepth + 2);
  }

  /** Sets everything for a new run. */
  begin(host: LuaHostCalls, keys: LuaTable, args: LuaTable): void {
    this.l = 0;
    this.d = 0;
    this.n = STEPS_PER_POLL;
    this.cDepth = 0;
    this.resp = 2;
    this.host = host;
    this.KEYS = keys;
    this.ARGV = args;
    this.thread = null;
    if (this.chunkNames.length > 1) {
      this.chunkNames.length = 1;
      this.chunkSources.length = 1;
    }
  }

  /** Where an encoded line is, as Redis's error handler sees it. */
  sourceOf(encoded: number): { readonly source: string; readonly number: number } {
    const line = encoded % METHOD_CALL;
    if (line <= 0) return { source: '=[C]', number: -1 };
    return { source: this.chunkSources[Math.floor(line / CHUNK_LINES)] ?? '?', number: line % CHUNK_LINES };
  }

  /** Entry of every Lua function: generated code inlines the fast part and calls `overflow` and `poll`. */
  overflow(): never {
    this.d--;
    throw this.error(`${this.where(1)}stack overflow`);
  }

  /** @param line encoded line of the loop that asks */
  poll(line = this.currentLine()): void {
    this.n = STEPS_PER_POLL;
    const stop = this.host?.shouldStop() ?? false;
    if (stop !== false) throw new LuaStop(stop === true ? KILLED : stop, line);
    if (++this.#polls % POLLS_PER_HEAP_CHECK !== 0) return;
    const heap = getHeapStatistics();
    if (heap.used_heap_size > heap.heap_size_limit * HEAP_SHARE) throw new LuaStop('not enough memory', line);
  }

  /** Counts work done inside a builtin, so that long matches and fills stay stoppable. */
  spend(steps: number): void {
    this.n -= steps;
    if (this.n < 0) this.poll();
  }

  /** Encoded line of the Lua function that called the running builtin; 0 when a builtin called it. */
  currentLine(): number {
    return Math.abs(this.l) % METHOD_CALL;
  }

  /** True while the running builtin was called as a method. */
  get viaMethod(): boolean {
    return Math.abs(this.l) >= METHOD_CALL;
  }

  /** `luaL_where`: "user_script:3: " for level 1 (who called the running builtin), 2 (who called that) …, "" when unknown. */
  where(level: number): string {
    if (level < 1) return '';
    if (level === 1) return this.position(this.currentLine());
    const index = this.d - (level - 2);
    return index < 1 ? '' : this.position(this.lines[index] ?? 0);
  }

  /** "user_script:3: " for an encoded line. */
  position(encoded: number): string {
    if (encoded <= 0) return '';
    const line = encoded % METHOD_CALL;
    return `${this.chunkName(line)}:${line % CHUNK_LINES}: `;
  }

  chunkName(encoded: number): string {
    return this.chunkNames[Math.floor(encoded / CHUNK_LINES)] ?? '?';
  }

  /** `luaL_error`: a message with the position of the builtin's caller. */
  fail(message: string): never {
    throw this.error(this.where(1) + message);
  }

  error(message: string): LuaError {
    return new LuaError(message, this.currentLine());
  }

  /** An error at a known line of generated code; 0 stands for "inside a builtin", which shows no position. */
  failAt(encoded: number, message: string): never {
    throw new LuaError(this.position(encoded) + message, encoded > 0 ? encoded : this.currentLine());
  }

  /** Before a metamethod runs: they nest on the C stack in Lua, which is shallow. */
  enterMeta(): void {
    if (++this.cDepth < MAX_C_DEPTH) return;
    this.cDepth--;
    this.fail('C stack overflow');
  }

  /** Before a builtin calls back into Lua: a level of its own, without a line. The caller restores `d`, `l` and `cDepth`. */
  enterC(): void {
    this.enterMeta();
    if (++this.d > this.maxDepth) this.overflow();
    this.lines[this.d] = this.l;
    this.l = 0;
  }
}
