/** `client-output-buffer-limit`: how much may pile up for a client that does not read, by class. Parsing and the decision; cutting off is the connection's. */
import { ErrorReply } from './replies.ts';

export type OutputClass = 'normal' | 'replica' | 'pubsub';

export interface OutputLimit {
  /** Beyond this a client is cut off at once; Infinity without a limit. */
  readonly hardBytes: number;
  /** Beyond this for `softMs` on end it is cut off as well. */
  readonly softBytes: number;
  readonly softMs: number;
}

export type OutputLimits = Readonly<Record<OutputClass, OutputLimit>>;

/**
 * Redis lets ordinary clients pile up without a limit; here what piles up lies in a heap with one, so they have one too.
 */
export const DEFAULT_OUTPUT_LIMITS =
  'normal 268435456 67108864 60 slave 268435456 67108864 60 pubsub 33554432 8388608 60';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1024,
  m: 1e6,
  mb: 1024 ** 2,
  g: 1e9,
  gb: 1024 ** 3,
};
const CLASSES: Readonly<Record<string, OutputClass>> = {
  normal: 'normal',
  slave: 'replica',
  replica: 'replica',
  pubsub: 'pubsub',
};

function bytesOf(text: string | undefined): number | undefined {
  const parts = /^(\d{1,15})([a-z]*)$/.exec((text ?? '').toLowerCase());
  const unit = UNITS[parts?.[2] ?? ''];
  return parts === null || unit === undefined ? undefined : Number(parts[1]) * unit;
}

const orInfinity = (bytes: number): number => (bytes === 0 ? Infinity : bytes);

/** Limits as `class hard soft seconds …`; classes that are left out keep theirs. @throws ErrorReply with Redis's text */
export function parseOutputLimits(text: string, before?: OutputLimits): OutputLimits {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const fail = (why: string): never => {
    throw new ErrorReply(`ERR CONFIG SET failed (possibly related to argument 'client-output-buffer-limit') - ${why}`);
  };
  if (words.length === 0 || words.length % 4 !== 0)
    return fail('Wrong number of arguments in buffer limit configuration.');
  const none: OutputLimit = { hardBytes: Infinity, softBytes: Infinity, softMs: 0 };
  const limits: Record<OutputClass, OutputLimit> = { normal: none, replica: none, pubsub: none, ...before };
  for (let at = 0; at < words.length; at += 4) {
    const kind = CLASSES[(words[at] ?? '').toLowerCase()];
    const hard = bytesOf(words[at + 1]);
    const soft = bytesOf(words[at + 2]);
    const seconds = /^\d{1,9}$/.test(words[at + 3] ?? '') ? Number(words[at + 3]) : undefined;
    if (kind === undefined) return fail('Invalid client class specified in buffer limit configuration.');
    if (hard === undefined || soft === undefined || seconds === undefined) {
      return fail('Error in hard, soft or soft_seconds setting in buffer limit configuration.');
    }
    limits[kind] = { hardBytes: orInfinity(hard), softBytes: orInfinity(soft), softMs: seconds * 1000 };
  }
  return limits;
}

/** As CONFIG GET shows them. */
export function formatOutputLimits(limits: OutputLimits): string {
  const bytes = (value: number): number => (value === Infinity ? 0 : value);
  return (['normal', 'replica', 'pubsub'] as const)
    .map((kind) => {
      const { hardBytes, softBytes, softMs } = limits[kind];
      return `${kind === 'replica' ? 'slave' : kind} ${bytes(hardBytes)} ${bytes(softBytes)} ${softMs / 1000}`;
    })
    .join(' ');
}
