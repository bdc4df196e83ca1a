/** Numbers to text and back, exactly as C's strtod and printf do for Lua 5.1: `%.14g`, `%.17g`, tonumber's grammar. */

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const HEX = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d+))?$/;
const SPECIAL = /^([+-]?)(inf|infinity|nan)$/i;
const TRIM = /^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g;

/** Text to number as `lua_tonumber` does it (strtod of the part before a NUL, then only blanks); undefined when it is none. */
export function parseNumber(text: string): number | undefined {
  const length = text.length;
  if (length > 0 && length < 16) {
    let value = 0;
    let at = 0;
    for (; at < length; at++) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === length) return value;
  }
  return parseUnusual(text);
}

function parseUnusual(text: string): number | undefined {
  const nul = text.indexOf('\0');
  const body = (nul < 0 ? text : text.slice(0, nul)).replace(TRIM, '');
  if (DECIMAL.test(body)) return Number(body);
  const hex = HEX.exec(body);
  if (hex !== null) {
    const whole = hex[2] ?? '';
    const fraction = hex[3] ?? '';
    if (whole === '' && fraction === '') return undefined;
    let value = 0;
    for (const digit of whole + fraction) value = value * 16 + Number.parseInt(digit, 16);
    value *= 2 ** (Number(hex[4] ?? 0) - 4 * fraction.length);
    return hex[1] === '-' ? -value : value;
  }
  const special = SPECIAL.exec(body);
  if (special === null) return undefined;
  const value = (special[2] ?? '').toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY;
  return special[1] === '-' ? -value : value;
}

/** "inf", "-inf", "nan" as glibc prints them; `nan` has no sign here (JavaScript does not tell). */
export function nonFinite(value: number): string {
  return Number.isNaN(value) ? '-nan' : value > 0 ? 'inf' : '-inf';
}

/**
 * Rounds to even where JavaScript rounds an exact tie up: returns `up` unless the value lies exactly half way,
 * and then the candidate with an even last digit. `digits` is the exact decimal expansion's length test.
 */
function tieDown(value: number, precision: number, exponential: string): string {
  if (precision + 1 > 100) return exponential;
  const longer = value.toExponential(Math.min(100, precision + 26));
  const mark = longer.indexOf('e');
  const tail = longer.slice(longer.indexOf('.') < 0 ? mark : longer.indexOf('.') + 1 + precision, mark);
  if (!/^50*$/.test(tail)) return exponential;
  const cut = longer.slice(0, precision === 0 ? 1 : 2 + precision);
  return Number(cut.at(-1)) % 2 === 0 ? cut + longer.slice(mark) : exponential;
}

/** Digits and exponent of `%.{precision}e` for a finite value ≥ 0. */
function scientific(value: number, precision: number): { readonly digits: string; readonly exponent: number } {
  const text = tieDown(value, Math.min(precision, 100), value.toExponential(Math.min(precision, 100)));
  const mark = text.indexOf('e');
  const digits = text.slice(0, mark).replace('.', '');
  return { digits: digits.padEnd(precision + 1, '0'), exponent: Number(text.slice(mark + 1)) };
}

function exponentText(exponent: number): string {
  const size = Math.abs(exponent);
  return `e${exponent < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`;
}

/** `%.{precision}e` of |value|. */
export function formatE(value: number, precision: number, alternate = false): string {
  const { digits, exponent } = scientific(Math.abs(value), precision);
  const point = precision > 0 || alternate ? '.' : '';
  return `${digits.charAt(0)}${point}${digits.slice(1)}${exponentText(exponent)}`;
}

/** `%.{precision}f` of |value|, exact for every double. */
export function formatF(value: number, precision: number, alternate = false): string {
  const size = Math.abs(value);
  let whole = Math.trunc(size);
  let digits = '';
  const fraction = size - whole;
  if (precision === 0) {
    if (fraction > 0.5 || (fraction === 0.5 && whole % 2 === 1)) whole += 1;
  } else {
    const shown = Math.min(precision, 100);
    let text = fraction.toFixed(shown);
    const exact = fraction.toFixed(100);
    if (/^50*$/.test(exact.slice(2 + shown)) && Number(exact.charAt(1 + shown)) % 2 === 0)
      text = exact.slice(0, 2 + shown);
    if (text.startsWith('1')) whole += 1;
    digits = text.slice(2).padEnd(precision, '0');
  }
  const wholeText = Number.isSafeInteger(whole) ? String(whole) : BigInt(whole).toString();
  return digits === '' && !alternate ? wholeText : `${wholeText}.${digits}`;
}

/** `%.{precision}g` of |value|. */
export function formatG(value: number, precision: number, alternate = false): string {
  const size = Math.abs(value);
  const wanted = precision === 0 ? 1 : precision;
  const { digits, exponent } = size === 0 ? { digits: '0'.repeat(wanted), exponent: 0 } : scientific(size, wanted - 1);
  const kept = alternate ? digits : digits.replace(/0+$/, '');
  if (exponent < -4 || exponent >= wanted) {
    const rest = kept.slice(1);
    return `${kept.charAt(0) || '0'}${rest === '' && !alternate ? '' : `.${rest}`}${exponentText(exponent)}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${kept}`;
  const whole = digits.slice(0, exponent + 1);
  const rest = kept.slice(exponent + 1);
  return rest === '' && !alternate ? whole : `${whole}.${rest}`;
}

function general(value: number, precision: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  const negative = value < 0 || Object.is(value, -0);
  return negative ? `-${formatG(value, precision)}` : formatG(value, precision);
}

/** A number as `tostring`, `..` and cjson print it (`%.14g`). */
export function numberToText(value: number): string {
  if (Number.isSafeInteger(value) && value < 1e14 && value > -1e14 && (value !== 0 || !Object.is(value, -0)))
    return String(value);
  return general(value, 14);
}

/** A number as redis.call passes it to a command (`%.17g`). */
export function numberToArgument(value: number): string {
  if (Number.isSafeInteger(value) && (value !== 0 || !Object.is(value, -0))) return String(value);
  return general(value, 17);
}
