/** string.format: printf's conversions as Lua 5.1 lets them through, over byte strings. */
import type { ArgumentChecks } from './arguments.ts';
import { formatE, formatF, formatG, nonFinite } from './number-text.ts';
import type { Runtime } from './runtime.ts';
import type { LuaFunction, LuaValue } from './value.ts';

const MAX_FLAGS = 6;
/** From this length on, `%s` without a precision copies the string whole, whatever the width. */
const LONG_STRING = 100;
const QUOTED: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\\n', '\r': '\\r', '\0': '\\000' };

interface Conversion {
  readonly flags: string;
  readonly width: number;
  /** −1 without one. */
  readonly precision: number;
}

function pad(sign: string, body: string, { flags, width }: Conversion, zeros: boolean): string {
  const missing = width - sign.length - body.length;
  if (missing <= 0) return sign + body;
  if (flags.includes('-')) return sign + body + ' '.repeat(missing);
  return zeros && flags.includes('0') ? sign + '0'.repeat(missing) + body : ' '.repeat(missing) + sign + body;
}

function signOf(negative: boolean, flags: string): string {
  if (negative) return '-';
  return flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
}

/** C's cast to a 64-bit integer; what does not fit becomes the smallest one. */
function toInt64(value: number): bigint {
  return Number.isNaN(value) || Math.abs(value) >= 2 ** 63 ? -(2n ** 63n) : BigInt(Math.trunc(value));
}

function formatInteger(kind: string, value: number, how: Conversion): string {
  const signed = kind === 'd' || kind === 'i';
  let whole = toInt64(value);
  // The cast to unsigned of 2^63 … 2^64 keeps its value, larger ones give 0 on x86-64.
  if (!signed && value >= 2 ** 63) whole = value < 2 ** 64 ? BigInt(Math.trunc(value)) : 0n;
  const size = signed ? (whole < 0n ? -whole : whole) : BigInt.asUintN(64, whole);
  const radix = kind === 'o' ? 8 : kind === 'x' || kind === 'X' ? 16 : 10;
  let digits = how.precision === 0 && size === 0n ? '' : size.toString(radix).padStart(Math.max(how.precision, 0), '0');
  let prefix = signed ? signOf(whole < 0n, how.flags) : '';
  if (how.flags.includes('#')) {
    if (kind === 'o' && !digits.startsWith('0')) digits = `0${digits}`;
    if (radix === 16 && size !== 0n) prefix = '0x';
  }
  const text = pad(prefix, digits, how, how.precision < 0);
  return kind === 'X' ? text.toUpperCase() : text;
}

function formatFloat(kind: string, value: number, how: Conversion): string {
  const upper = kind === 'E' || kind === 'G';
  const negative = value < 0 || Object.is(value, -0);
  let text: string;
  if (!Number.isFinite(value)) {
    const name = nonFinite(value);
    const sign = signOf(name.startsWith('-'), how.flags);
    text = pad(sign, name.replace('-', ''), how, false);
  } else {
    const precision = how.precision < 0 ? 6 : how.precision;
    const alternate = how.flags.includes('#');
    const write =
      kind === 'f' ? formatF : upper ? (kind === 'E' ? formatE : formatG) : kind === 'e' ? formatE : formatG;
    text = pad(signOf(negative, how.flags), write(value, precision, alternate), how, true);
  }
  return upper ? text.toUpperCase() : text;
}

/** sprintf's `%s` stops at a NUL. */
function formatString(text: string, how: Conversion): string {
  if (how.precision < 0 && text.length >= LONG_STRING) return text;
  const body = text.split('\0', 1)[0] ?? '';
  return pad(
    '',
    how.precision < 0 ? body : body.slice(0, how.precision),
    { ...how, flags: how.flags.replaceAll('0', '') },
    false,
  );
}

/** `%c`; what follows a NUL is lost in C's buffer. */
function formatCharacter(value: number, how: Conversion): string {
  const char = String.fromCharCode(Number(BigInt.asUintN(8, toInt64(value))));
  const text = pad('', char, { ...how, flags: how.flags.replaceAll('0', '') }, false);
  return text.split('\0', 1)[0] ?? '';
}

export function createFormat(runtime: Runtime, check: ArgumentChecks): LuaFunction {
  const { S } = runtime;

  /** Reads flags, width and precision at `from`; gives the index of the conversion letter too. */
  function scan(format: string, from: number): { readonly how: Conversion; readonly at: number } {
    const match = /^([-+ #0]*)(\d{0,2})(?:(\.)(\d{0,2}))?/.exec(format.slice(from, from + 32));
    const [whole = '', flags = '', width = '', point, precision = ''] = match ?? [];
    if (flags.length >= MAX_FLAGS) S.fail('invalid format (repeated flags)');
    const at = from + whole.length;
    if (/\d/.test(format.charAt(at))) S.fail('invalid format (width or precision too long)');
    return { how: { flags, width: Number(width), precision: point === undefined ? -1 : Number(precision) }, at };
  }

  function convert(kind: string, how: Conversion, args: readonly LuaValue[], at: number): string {
    switch (kind) {
      case 'c':
        return formatCharacter(check.number(args, at, 'format'), how);
      case 'd':
      case 'i':
      case 'o':
      case 'u':
      case 'x':
      case 'X':
        return formatInteger(kind, check.number(args, at, 'format'), how);
      case 'e':
      case 'E':
      case 'f':
      case 'g':
      case 'G':
        return formatFloat(kind, check.number(args, at, 'format'), how);
      case 'q':
        return `"${check.text(args, at, 'format').replace(/["\\\n\r\0]/g, (c) => QUOTED[c] ?? c)}"`;
      case 's':
        return formatString(check.text(args, at, 'format'), how);
      default:
        return S.fail(`invalid option '%${kind === '' ? '' : kind}' to 'format'`);
    }
  }

  return (...args) => {
    const format = check.text(args, 0, 'format');
    let text = '';
    let argument = 0;
    let from = 0;
    for (;;) {
      const percent = format.indexOf('%', from);
      if (percent < 0) return text + format.slice(from);
      text += format.slice(from, percent);
      if (format.charAt(percent + 1) === '%') {
        text += '%';
        from = percent + 2;
        continue;
      }
      if (++argument >= args.length) check.fail(argument, 'format', 'no value');
      const { how, at } = scan(format, percent + 1);
      text += convert(format.charAt(at), how, args, argument);
      from = at + 1;
    }
  };
}
