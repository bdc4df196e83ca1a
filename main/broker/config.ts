/** The parameters that CONFIG GET and SET know, under Redis's names. Those marked live change behaviour; the rest are reported only. */
import { compileGlob } from './glob.ts';
import { DEFAULT_OUTPUT_LIMITS, formatOutputLimits, parseOutputLimits } from './output-limits.ts';
import { ErrorReply } from './replies.ts';

type Kind = 'integer' | 'bytes' | 'bool' | 'text' | 'enum' | 'output-limits';

interface Parameter {
  readonly kind: Kind;
  readonly fallback: string;
  /** False: refuses CONFIG SET. */
  readonly settable: boolean;
  readonly values?: readonly string[];
  readonly min?: number;
  readonly max?: number;
}

const live = (kind: Kind, fallback: string, more: Partial<Parameter> = {}): Parameter => ({
  kind,
  fallback,
  settable: true,
  ...more,
});
const fixed = (fallback: string): Parameter => ({ kind: 'text', fallback, settable: false });

const PARAMETERS: Readonly<Record<string, Parameter>> = {
  maxmemory: live('bytes', '0'),
  'maxmemory-policy': live('enum', 'noeviction', { values: ['noeviction'] }),
  maxclients: live('integer', '10000', { min: 1, max: 1_000_000 }),
  timeout: live('integer', '0', { min: 0, max: 1_000_000_000 }),
  'tcp-keepalive': live('integer', '300', { min: 0, max: 1_000_000_000 }),
  appendonly: live('bool', 'no'),
  appendfsync: live('enum', 'everysec', { values: ['everysec', 'always', 'no'] }),
  'auto-aof-rewrite-percentage': live('integer', '100', { min: 0, max: 1_000_000 }),
  'auto-aof-rewrite-min-size': live('bytes', '67108864'),
  save: live('text', ''),
  'proto-max-bulk-len': live('bytes', '536870880', { min: 1_048_576, max: 536_870_880 }),
  'client-query-buffer-limit': live('bytes', '1073741824', { min: 1_048_576 }),
  'client-output-buffer-limit': live('output-limits', DEFAULT_OUTPUT_LIMITS),
  'slowlog-log-slower-than': live('integer', '10000', { min: -1, max: 1e15 }),
  'slowlog-max-len': live('integer', '128', { min: 0, max: 1_000_000 }),
  'busy-reply-threshold': live('integer', '5000', { min: -1e15, max: 1e15 }),
  'lua-time-limit': live('integer', '5000', { min: -1e15, max: 1e15 }),
  requirepass: live('text', ''),
  'notify-keyspace-events': live('text', ''),
  'hash-max-listpack-entries': live('integer', '512', { min: 0, max: 1e9 }),
  'hash-max-listpack-value': live('integer', '64', { min: 0, max: 1e9 }),
  'list-max-listpack-size': live('integer', '-2', { min: -5, max: 1e9 }),
  'list-compress-depth': live('integer', '0', { min: 0, max: 1e9 }),
  'set-max-intset-entries': live('integer', '512', { min: 0, max: 1e9 }),
  'set-max-listpack-entries': live('integer', '128', { min: 0, max: 1e9 }),
  'set-max-listpack-value': live('integer', '64', { min: 0, max: 1e9 }),
  'zset-max-listpack-entries': live('integer', '128', { min: 0, max: 1e9 }),
  'zset-max-listpack-value': live('integer', '64', { min: 0, max: 1e9 }),
  'stream-node-max-entries': live('integer', '100', { min: 0, max: 1e9 }),
  'stream-node-max-bytes': live('bytes', '4096'),
  'latency-tracking': live('bool', 'no'),
  loglevel: live('enum', 'notice', { values: ['debug', 'verbose', 'notice', 'warning', 'nothing'] }),
  databases: fixed('16'),
  port: fixed('0'),
  bind: fixed('127.0.0.1'),
  dir: fixed(''),
  dbfilename: fixed(''),
  'cluster-enabled': fixed('no'),
  'tls-port': fixed('0'),
};

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1_000_000,
  mb: 1_048_576,
  g: 1_000_000_000,
  gb: 1_073_741_824,
};

function bytesOf(text: string): number | undefined {
  const parts = /^(\d+)([a-z]*)$/.exec(text.toLowerCase());
  const unit = UNITS[parts?.[2] ?? ''];
  return parts === null || unit === undefined ? undefined : Number(parts[1]) * unit;
}

/** The text under which a value is kept, or why it is refused. @param current what it was before */
function normalise(parameter: Parameter, value: string, current: string): { value: string } | { refusal: string } {
  const { kind, min = 0, max = Number.MAX_SAFE_INTEGER } = parameter;
  if (kind === 'text') return { value };
  if (kind === 'output-limits') {
    return { value: formatOutputLimits(parseOutputLimits(value, parseOutputLimits(current))) };
  }
  if (kind === 'bool') {
    return value === 'yes' || value === 'no' ? { value } : { refusal: "argument must be 'yes' or 'no'" };
  }
  if (kind === 'enum') {
    const found = parameter.values?.find((each) => each === value.toLowerCase());
    if (found !== undefined) return { value: found };
    return { refusal: `argument(s) must be one of the following: ${parameter.values?.join(', ')}` };
  }
  const number = kind === 'bytes' ? bytesOf(value) : /^-?\d{1,18}$/.test(value) ? Number(value) : undefined;
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
    for (const [name, parameter] of Object.entries(PARAMETERS))
      this.values.set(name, initial[name] ?? parameter.fallback);
  }

  text(name: string): string {
    return this.values.get(name) ?? '';
  }

  number(name: string): number {
    return Number(this.text(name));
  }

  /** Name and value of every parameter that one of the globs matches, flat. */
  matching(globs: readonly string[]): string[] {
    const tests = globs.map((glob) => compileGlob(glob, true));
    const out: string[] = [];
    for (const [name, value] of this.values) if (tests.some((test) => test(name))) out.push(name, value);
    return out;
  }

  /** Sets all pairs or none; throws Redis's error. */
  set(pairs: readonly (readonly [string, string])[]): void {
    const accepted: [string, string][] = [];
    for (const [given, value] of pairs) {
      const name = given.toLowerCase();
      const parameter = PARAMETERS[name];
      if (parameter === undefined) {
        throw new ErrorReply(`ERR Unknown option or number of arguments for CONFIG SET - '${given}'`);
      }
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
