/**
 * Sums as INCRBYFLOAT and HINCRBYFLOAT make them: Redis adds x87 long doubles (64 bits of mantissa) and prints 17 decimals. The same
 * arithmetic on bigints, so that every digit agrees. Exponents are not bounded below: what a long double would lose there, 17 decimals
 * do not show.
 */

/** ±mantissa · 2^exponent; the mantissa has at most 64 bits. */
interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const MANTISSA_BITS = 64;
/** Values from 2^16384 on are infinite. */
const MAX_BINARY_EXPONENT = 16384;
/** Decimal exponents beyond this are out of range whatever the digits. */
const MAX_DECIMAL_EXPONENT = 5000;
const DECIMALS = 17n;

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/** The quotient rounded half to even; both are positive. */
function divideRounded(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

/** The long double nearest to (numerator / denominator) · 2^exponent; undefined when that is infinite. */
function nearest(numerator: bigint, denominator: bigint, exponent = 0): LongDouble | undefined {
  if (numerator === 0n) return { mantissa: 0n, exponent: 0 };
  const size = magnitude(numerator);
  let shift = bitLength(size) - bitLength(denominator) - MANTISSA_BITS;
  const scaled = (by: number): bigint =>
    by >= 0 ? divideRounded(size, denominator << BigInt(by)) : divideRounded(size << BigInt(-by), denominator);
  // The quotient of such lengths has 64 or 65 bits before rounding.
  if (bitLength(scaled(shift)) > MANTISSA_BITS) shift++;
  const mantissa = scaled(shift);
  if (bitLength(mantissa) + shift + exponent > MAX_BINARY_EXPONENT) return undefined;
  return { mantissa: numerator < 0n ? -mantissa : mantissa, exponent: shift + exponent };
}

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?$/;

/** Reads a finite number as strtold does, without blanks around it; undefined when it is none or out of range. */
function parse(text: string): LongDouble | undefined {
  const hex = HEXADECIMAL.exec(text);
  const parts = hex ?? DECIMAL.exec(text);
  if (parts === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = parts;
  const exponent = Number(exponentText);
  if (whole + fraction === '' || Math.abs(exponent) > MAX_DECIMAL_EXPONENT) return undefined;
  const digits = BigInt(`${hex ? '0x' : ''}${whole}${fraction}`);
  const signed = sign === '-' ? -digits : digits;
  if (hex) return nearest(signed, 1n, exponent - 4 * fraction.length);
  const scale = exponent - fraction.length;
  return scale >= 0 ? nearest(signed * 10n ** BigInt(scale), 1n) : nearest(signed, 10n ** BigInt(-scale));
}

/** 17 decimals, zeros at the end cut. */
function print({ mantissa, exponent }: LongDouble): string {
  const scaled = magnitude(mantissa) * 10n ** DECIMALS;
  const units = exponent >= 0 ? scaled << BigInt(exponent) : divideRounded(scaled, 1n << BigInt(-exponent));
  const places = Number(DECIMALS);
  const digits = units.toString().padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  const sign = mantissa < 0n && units > 0n ? '-' : '';
  return `${sign}${digits.slice(0, -places)}${fraction === '' ? '' : `.${fraction}`}`;
}

const LIMIT_CHARS = 5 * 1024 - 1;
const INFINITE = /^[+-]?inf(?:inity)?$/i;

/** How a text reads as a float: a finite one, an infinite one, or none. */
export function isLongDouble(text: string): 'finite' | 'infinite' | undefined {
  if (text.length > LIMIT_CHARS) return undefined;
  if (INFINITE.test(text)) return 'infinite';
  return parse(text) === undefined ? undefined : 'finite';
}

/** left + right as Redis prints it; undefined when the sum is not finite. Both must be long doubles. */
export function addLongDoubles(left: string, right: string): string | undefined {
  const a = parse(left);
  const b = parse(right);
  if (a === undefined || b === undefined) return undefined;
  const exponent = Math.min(a.exponent, b.exponent);
  const aligned = (each: LongDouble): bigint => each.mantissa << BigInt(each.exponent - exponent);
  const sum = nearest(aligned(a) + aligned(b), 1n, exponent);
  return sum === undefined ? undefined : print(sum);
}
