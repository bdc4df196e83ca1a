/**
 * Numbers as Redis reads and prints them: strict 64-bit integers, floats without surprises, shortest doubles, exact decimal sums.
 * A 64-bit integer is a number where that is exact and a bigint beyond; the two compare with each other natively.
 */
import { cText, type ErrorReply, NOT_FLOAT, NOT_INTEGER } from './replies.ts';

export type Int64 = number | bigint;

const MAX_INT64 = 9223372036854775807n;
const MIN_INT64 = -9223372036854775808n;

/** Reads an integer the way Redis's string2ll does: no blanks, no plus, no leading zero. Undefined when it is none or exceeds 64 bits. */
export function parseInt64(text: string): Int64 | undefined {
  const length = text.length;
  if (length === 0 || length > 20) return undefined;
  const negative = text.charCodeAt(0) === 45;
  const start = negative ? 1 : 0;
  const first = text.charCodeAt(start);
  if (first === 48) return length === 1 ? 0 : undefined;
  if (!(first >= 49 && first <= 57)) return undefined;
  let value = 0;
  for (let i = start; i < length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return undefined;
    value = value * 10 + digit;
  }
  if (length - start <= 15) return negative ? -value : value;
  return shrink(BigInt(text));
}

/** Brings a bigint back into the 64-bit range as number or bigint; undefined beyond it. */
export function shrink(value: bigint): Int64 | undefined {
  if (value > MAX_INT64 || value < MIN_INT64) return undefined;
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value;
}

/** The sum of two 64-bit integers, or undefined on overflow. */
export function addInt64(left: Int64, right: Int64): Int64 | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return shrink(BigInt(left) + BigInt(right));
}

/** An integer argument as a JavaScript number (far values lose precision, which suits counts and indexes). Throws `error` otherwise. */
export function integer(text: string, error: ErrorReply = NOT_INTEGER): number {
  const value = parseInt64(text);
  if (value === undefined) throw error;
  return Number(value);
}

/** An integer argument that must lie within [min, max]; throws `error` otherwise. */
export function integerIn(text: string, min: number, max: number, error: ErrorReply): number {
  const value = integer(text, error);
  if (value < min || value > max) throw error;
  return value;
}

const FLOAT = /^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)$/;
const INFINITY_WORD = /^([+-]?)inf(?:inity)?$/i;
const HEX_FLOAT = /^([+-]?)0[xX]([0-9a-fA-F]+)$/;

/** Reads a double as Redis does: inf allowed; no blanks, no NaN, nothing too large or too small for a double. Undefined when it is none. */
export function parseDouble(text: string): number | undefined {
  if (FLOAT.test(text)) {
    const value = Number(text);
    const vanished = value === 0 && /[1-9]/.test(text.split(/e/i, 1)[0] ?? '');
    return Number.isFinite(value) && !vanished ? value : undefined;
  }
  const infinite = INFINITY_WORD.exec(text);
  if (infinite) return infinite[1] === '-' ? -Infinity : Infinity;
  const hex = HEX_FLOAT.exec(text);
  if (hex) return (hex[1] === '-' ? -1 : 1) * Number.parseInt(hex[2] ?? '', 16);
  return undefined;
}

/**
 * Reads a whole text as C's strtod alone does, without Redis's stricter checks: blanks before it, nothing at all (0) and numbers too
 * large (infinite) pass. Undefined when it is none, or NaN.
 */
export function strtod(text: string): number | undefined {
  const whole = cText(text);
  const bare = whole.replace(/^[ \t\n\v\f\r]+/, '');
  if (whole === '') return 0;
  return FLOAT.test(bare) ? Number(bare) : parseDouble(bare);
}

/** A double argument; throws `error` otherwise. */
export function double(text: string, error: ErrorReply = NOT_FLOAT): number {
  const value = parseDouble(text);
  if (value === undefined) throw error;
  return value;
}

/** Prints a double as Redis 7.2's d2string: plain integers up to 2^52, otherwise the shortest digits in fpconv's layout. */
export function formatDouble(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (Number.isInteger(value) && Math.abs(value) <= 4503599627370496) return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  const [mantissa = '', exponentText = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(exponentText);
  const scale = exponent - digits.length + 1;
  const sign = value < 0 ? '-' : '';
  if (scale >= 0 && Math.abs(exponent) < digits.length + 7) return sign + digits + '0'.repeat(scale);
  if (scale < 0 && (scale > -7 || Math.abs(exponent) < 4)) {
    if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
    return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
  }
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  return `${sign}${digits.slice(0, 1)}${fraction}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

function decimalOf(text: string): Decimal | undefined {
  const parts = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!parts || (parts[2] === '' && parts[3] === '')) return undefined;
  const exponent = Number(parts[4] ?? '0');
  if (Math.abs(exponent) > 400) return undefined;
  const digits = BigInt(`${parts[2] ?? ''}${parts[3] ?? ''}`);
  const units = parts[1] === '-' ? -digits : digits;
  const scale = (parts[3] ?? '').length - exponent;
  return scale >= 0 ? { units, scale } : { units: units * 10n ** BigInt(-scale), scale: 0 };
}

/**
 * left + right as INCRBYFLOAT prints it: Redis adds long doubles and prints 17 decimals with the zeros cut; exact decimal addition
 * rounded to 17 places gives the same digits. Undefined when the sum is not finite.
 */
export function addDecimals(left: string, right: string): string | undefined {
  const a = decimalOf(left);
  const b = decimalOf(right);
  if (a === undefined || b === undefined) {
    const sum = (parseDouble(left) ?? Number.NaN) + (parseDouble(right) ?? Number.NaN);
    return Number.isFinite(sum) ? formatDouble(sum) : undefined;
  }
  const scale = Math.max(a.scale, b.scale);
  let units = a.units * 10n ** BigInt(scale - a.scale) + b.units * 10n ** BigInt(scale - b.scale);
  let places = scale;
  if (places > 17) {
    const cut = 10n ** BigInt(places - 17);
    const half = cut / 2n;
    units = (units + (units < 0n ? -half : half)) / cut;
    places = 17;
  }
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places).replace(/0+$/, '');
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
