/** The syntax tree between the parser and the code generator: Lua 5.1, one node per construct, with the lines Lua would report. */

export interface FunctionNode {
  readonly t: 'func';
  readonly params: readonly string[];
  readonly vararg: boolean;
  /** True when `...` stands in the body: then Lua 5.1 makes no `arg` table. */
  readonly usesVararg: boolean;
  readonly body: Block;
  readonly line: number;
}

export interface ChunkNode {
  readonly main: FunctionNode;
  /** Every plain name that is assigned to anywhere: locals of other names keep their first value. */
  readonly assigned: ReadonlySet<string>;
}

export type TableField = { readonly key: Expr | null; readonly value: Expr };

export type Call =
  | { readonly t: 'call'; readonly fn: Expr; readonly args: readonly Expr[]; readonly line: number }
  | {
      readonly t: 'method';
      readonly obj: Expr;
      readonly name: string;
      readonly args: readonly Expr[];
      readonly line: number;
    };

export type Target =
  | { readonly t: 'name'; readonly name: string; readonly line: number }
  | { readonly t: 'index'; readonly obj: Expr; readonly key: Expr; readonly line: number };

export type Expr =
  | { readonly t: 'nil' | 'true' | 'false' | 'vararg' }
  | { readonly t: 'num'; readonly v: number }
  | { readonly t: 'str'; readonly v: string }
  | FunctionNode
  | Target
  | Call
  /** Parentheses around a call or `...`: cuts to one value. */
  | { readonly t: 'paren'; readonly e: Expr }
  | { readonly t: 'bin'; readonly op: string; readonly l: Expr; readonly r: Expr; readonly line: number }
  | { readonly t: 'and' | 'or'; readonly l: Expr; readonly r: Expr }
  | { readonly t: 'un'; readonly op: 'not' | '-' | '#'; readonly e: Expr; readonly line: number }
  | { readonly t: 'table'; readonly fields: readonly TableField[]; readonly line: number };

export type Stat =
  | { readonly t: 'local'; readonly names: readonly string[]; readonly values: readonly Expr[]; readonly line: number }
  | { readonly t: 'localfunc'; readonly name: string; readonly fn: FunctionNode; readonly line: number }
  | {
      readonly t: 'assign';
      readonly targets: readonly Target[];
      readonly values: readonly Expr[];
      readonly line: number;
    }
  | { readonly t: 'callstat'; readonly call: Call }
  | { readonly t: 'do'; readonly body: Block }
  | { readonly t: 'while'; readonly cond: Expr; readonly body: Block; readonly line: number }
  | { readonly t: 'repeat'; readonly cond: Expr; readonly body: Block; readonly line: number }
  | { readonly t: 'if'; readonly arms: readonly { readonly cond: Expr | null; readonly body: Block }[] }
  | {
      readonly t: 'fornum';
      readonly name: string;
      readonly from: Expr;
      readonly to: Expr;
      readonly step: Expr | null;
      readonly body: Block;
      readonly line: number;
    }
  | {
      readonly t: 'forin';
      readonly names: readonly string[];
      readonly exprs: readonly Expr[];
      readonly body: Block;
      readonly line: number;
    }
  | { readonly t: 'return'; readonly values: readonly Expr[]; readonly line: number }
  | { readonly t: 'break' };

export type Block = readonly Stat[];
