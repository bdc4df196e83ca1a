/** The values of the parameters that CONFIG GET and SET know. Many are only kept and told: onChange's owner knows which change something. */
import { type Parameter, parameters } from './config-parameters.ts';
import { compileGlob } from './glob.ts';
import { formatOutputLimits, parseOutputLimits } from './output-limits.ts';
import { ErrorReply } from './replies.ts';

/** By name and by older name. */
const BY_NAME: ReadonlyMap<string, Parameter> = new Map(
  parameters.flatMap((each) => [each.name, each.olderName ?? each.name].map((name) => [name, each] as const)),
);

const UNITS: Readonly<Record<string, bigint>> = {
  '': 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1_000_000n,
  mb: 1_048_576n,
  g: 1_000_000_000n,
  gb: 1_073_741_824n,
};

function bytesOf(text: string): bigint | undefined {
  const parts = /^(\d{1,20})([a-z]*)$/.exec(text.toLowerCase());
  const unit = UNITS[parts?.[2] ?? ''];
  return parts?.[1] === undefined || unit === undefined ? undefined : BigInt(parts[1]) * unit;
}

/** The text under which a value is kept, or why it is refused. @param current what it was before */
function normalise(parameter: Parameter, value: string, current: string): { value: string } | { refusal: string } {
  const { kind, min, max, words } = parameter;
  if (kind === 'text') return { value };
  if (kind === 'output-limits') {
    return { value: formatOutputLimits(parseOutputLimits(value, parseOutputLimits(current))) };
  }
  if (kind === 'save') {
    return /^$|^\d+ \d+(?: \d+ \d+)*$/.test(value) ? { value } : { refusal: 'Invalid save parameters' };
  }
  if (kind === 'bool') {
    return value === 'yes' || value === 'no' ? { value } : { refusal: "argument must be 'yes' or 'no'" };
  }
  if (kind === 'enum') {
    const found = words.find((each) => each === value.toLowerCase());
    if (found !== undefined) return { value: found };
    return { refusal: `argument(s) must be one of the following: ${words.join(', ')}` };
  }
  const number = kind === 'bytes' ? bytesOf(value) : /^-?\d{1,18}$/.test(value) ? BigInt(value) : undefined;
  if (number === undefined) {
    return {
      refusal: kind === 'bytes' ? 'argument must be a memory value' : "argument couldn't be parsed into an integer",
    };
  }
  if (number < min || number > max) return { refusal: `argument must be between ${min} and ${max} inclusive` };
  return { value: String(number) };
}

export class Config {
  private readonly values = new Map<string, string>();
  /** Told of each accepted change. */
  onChange: (name: string, value: string) => void = () => undefined;

  constructor(initial: Readonly<Record<string, string>>) {
    for (const { name, fallback } of parameters) this.values.set(name, initial[name] ?? fallback);
  }

  text(name: string): string {
    return this.values.get(name) ?? '';
  }

  number(name: string): number {
    return Number(this.text(name));
  }

  /** Name and value of every parameter that one of the names or globs matches, flat. A plain name comes back as it was written. */
  matching(asked: readonly string[]): string[] {
    const found = new Map<string, string>();
    for (const text of asked) {
      const exact = /[[*?]/.test(text) ? undefined : BY_NAME.get(text.toLowerCase());
      if (exact !== undefined) found.set(text, this.text(exact.name));
      const matches = compileGlob(text, true);
      if (exact === undefined) {
        for (const [name, { name: kept }] of BY_NAME) if (matches(name)) found.set(name, this.text(kept));
      }
    }
    return [...found].flat();
  }

  /** Sets all pairs or none; throws Redis's error. */
  set(pairs: readonly (readonly [string, string])[]): void {
    const accepted: [string, string][] = [];
    for (const [given, value] of pairs) {
      const parameter = BY_NAME.get(given.toLowerCase());
      if (parameter === undefined) {
        throw new ErrorReply(`ERR Unknown option or number of arguments for CONFIG SET - '${given}'`);
      }
      const { name } = parameter;
      if (accepted.some(([other]) => other === name)) {
        throw new ErrorReply(`ERR CONFIG SET failed (possibly related to argument '${given}') - duplicate parameter`);
      }
      if (!parameter.settable) {
        throw new ErrorReply(
          `ERR CONFIG SET failed (possibly related to argument '${given}') - can't set immutable config`,
        );
      }
      const checked = normalise(parameter, value, this.text(name));
      if ('refusal' in checked) {
        throw new ErrorReply(`ERR CONFIG SET failed (possibly related to argument '${given}') - ${checked.refusal}`);
      }
      accepted.push([name, checked.value]);
    }
    for (const [name, value] of accepted) {
      this.values.set(name, value);
      this.onChange(name, value);
    }
  }

  /** Sets a value that clients may not (port, dir). */
  report(name: string, value: string): void {
    this.values.set(name, value);
  }
}
