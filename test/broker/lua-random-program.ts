/** Random but valid Lua programs for the differential tests: locals, tables, closures, loops, strings, errors, all seeded. */

/** A small generator of numbers (mulberry32), the same for the same seed. */
function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const VARIABLES = ['a', 'b', 'c', 'd'];
const BINARY = ['+', '-', '*', '/', '%', '..', '==', '~=', '<', '<=', '>', '>=', 'and', 'or'];
const LITERALS = ['0', '1', '2', '7', '-3', '0.5', "'x'", "'10'", "''", 'nil', 'true', 'false'];
const UNARY = ['not ', '-', '#'];

/** One program; it ends by returning what its variables became, or its error. */
export function randomProgram(seed: number): string {
  const random = createRandom(seed);
  const pick = <T>(from: readonly T[]): T => {
    const chosen = from[random(from.length)];
    if (chosen === undefined) throw new Error('nothing to pick from');
    return chosen;
  };

  function expression(depth: number): string {
    if (depth <= 0) return random(2) === 0 ? pick(LITERALS) : pick(VARIABLES);
    switch (random(10)) {
      case 0:
      case 1:
      case 2:
        return `(${expression(depth - 1)} ${pick(BINARY)} ${expression(depth - 1)})`;
      case 3:
        return `(${pick(UNARY)}${expression(depth - 1)})`;
      case 4:
        return `{${expression(depth - 1)}, ${expression(depth - 1)}, k = ${expression(depth - 1)}}`;
      case 5:
        return `${pick(VARIABLES)}[${expression(depth - 1)}]`;
      case 6:
        return `(function(a, ...) local b = ... ${statements(1, depth - 1)} return ${expression(depth - 1)}, ... end)(${expression(depth - 1)}, ${expression(depth - 1)})`;
      case 7:
        return `tostring(type(${expression(depth - 1)}))`;
      case 8:
        return `f(${expression(depth - 1)}, ${expression(depth - 1)})`;
      default:
        return `select(2, pcall(g, ${expression(depth - 1)}))`;
    }
  }

  function statement(depth: number): string {
    if (depth <= 0) return `${pick(VARIABLES)} = ${expression(1)}`;
    switch (random(9)) {
      case 0:
        return `if ${expression(2)} then ${statements(2, depth - 1)} else ${statements(1, depth - 1)} end`;
      case 1:
        return `for i = 1, ${1 + random(3)} do ${statements(2, depth - 1)} ${pick(VARIABLES)} = i end`;
      case 2:
        return `for k, v in ipairs({${expression(1)}, ${expression(1)}}) do ${statements(1, depth - 1)} n = n + k end`;
      case 3:
        return `${pick(VARIABLES)}, ${pick(VARIABLES)} = ${expression(2)}, ${expression(2)}`;
      case 4:
        return `local ${pick(VARIABLES)} = ${expression(2)}`;
      case 5:
        return `do local t = {} t[${expression(1)}] = ${expression(1)} ${pick(VARIABLES)} = t end`;
      case 6:
        // Not `local function`: inside, `f` is the outer one, so that nothing recurses without end.
        return `local f = function(a, b) ${statements(1, depth - 1)} return a, ${expression(1)} end`;
      case 7:
        return `repeat n = n + 1 ${statements(1, depth - 1)} until n > 3`;
      default:
        return `${pick(VARIABLES)} = ${expression(3)}`;
    }
  }

  function statements(count: number, depth: number): string {
    return Array.from({ length: count }, () => statement(depth)).join('; ');
  }

  return `local a, b, c, d, n = 1, 'two', {3, k = 'v'}, nil, 0
local function f(x, y) return y, x end
local function g(x) return x .. '!' end
local function show(v)
  if type(v) ~= 'table' then return type(v) == 'function' and 'function' or tostring(v) end
  local r = {}
  for i = 1, 3 do r[i] = type(v[i]) == 'table' and 'table' or type(v[i]) == 'function' and 'function' or tostring(v[i]) end
  return '{' .. table.concat(r, ',') .. ',' .. tostring(type(v.k)) .. '}'
end
local function body()
${Array.from({ length: 4 }, () => statement(3)).join('\n')}
end
local ok, err = pcall(body)
return { tostring(ok), show(err), show(a), show(b), show(c), show(d), n }`;
}
