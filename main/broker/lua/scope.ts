/** Names at compile time: which Lua name is which JavaScript variable, and what the function being compiled needs. */
import { LuaSyntaxError } from './lexer.ts';
import type { LuaTable } from './table.ts';
import type { LuaValue } from './value.ts';

/** Lua's LUAI_MAXVARS and LUAI_MAXUPVALUES. */
const MAX_LOCALS = 200;
const MAX_UPVALUES = 60;

export interface Local {
  readonly js: string;
  readonly owner: FunctionScope;
  used: boolean;
  /** The builtin it always is, when it is never assigned to again. */
  constant: LuaValue;
  /** True for a `local function` that is never assigned to again. */
  isFunction: boolean;
}

/** What stays the same over one chunk. */
export interface ChunkContext {
  /** Added to every line: the chunk's number times CHUNK_LINES. */
  readonly lineBase: number;
  readonly chunkName: string;
  readonly globals: LuaTable;
  /** Builtins that always return exactly one value. */
  readonly singles: ReadonlySet<LuaValue>;
  /** True: functions become generators, so that coroutines can leave them half way. */
  readonly resumable: boolean;
  /** Names assigned to anywhere in the chunk. */
  readonly assigned: ReadonlySet<string>;
  /** Builtins the code refers to, as `$c0`, `$c1` … */
  readonly constants: LuaValue[];
  nextId: number;
}

export class FunctionScope {
  readonly chunk: ChunkContext;
  readonly parent: FunctionScope | null;
  readonly line: number;
  readonly #blocks: Map<string, Local>[] = [];
  readonly #counts: number[] = [];
  readonly #upvalues = new Set<Local>();
  #active = 0;

  constructor(chunk: ChunkContext, parent: FunctionScope | null, line: number) {
    this.chunk = chunk;
    this.parent = parent;
    this.line = line;
  }

  open(): void {
    this.#blocks.push(new Map());
    this.#counts.push(this.#active);
  }

  close(): void {
    this.#blocks.pop();
    this.#active = this.#counts.pop() ?? 0;
  }

  /** Declares a local in the innermost block and gives its JavaScript name. */
  declare(name: string, js = this.name(name)): Local {
    if (++this.#active > MAX_LOCALS) this.#limit(MAX_LOCALS, 'local variables');
    const local: Local = { js, owner: this, used: false, constant: undefined, isFunction: false };
    this.#blocks.at(-1)?.set(name, local);
    return local;
  }

  /** A JavaScript name for a local that is declared later. */
  name(lua: string): string {
    return `${lua}_${this.chunk.nextId++}`;
  }

  /** A fresh JavaScript name that no Lua name can have. */
  temp(): string {
    return `$${this.chunk.nextId++}`;
  }

  resolve(name: string): Local | null {
    for (let at = this.#blocks.length - 1; at >= 0; at--) {
      const local = this.#blocks[at]?.get(name);
      if (local !== undefined) {
        local.used = true;
        return local;
      }
    }
    const outer = this.parent?.resolve(name) ?? null;
    if (outer !== null) {
      this.#upvalues.add(outer);
      if (this.#upvalues.size > MAX_UPVALUES) this.#limit(MAX_UPVALUES, 'upvalues');
    }
    return outer;
  }

  #limit(limit: number, what: string): never {
    const where = this.line === 0 ? 'main function' : `function at line ${this.line}`;
    throw new LuaSyntaxError(
      `${this.chunk.chunkName}:${Math.max(1, this.line)}: ${where} has more than ${limit} ${what}`,
    );
  }
}

/** The JavaScript name of a builtin value inside the chunk's code. */
export function constantName(chunk: ChunkContext, value: LuaValue): string {
  let at = chunk.constants.indexOf(value);
  if (at < 0) at = chunk.constants.push(value) - 1;
  return `$c${at}`;
}
