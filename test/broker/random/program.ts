/**
 * Random programs: bursts of requests by four clients of one server. Plain requests, transactions, scripts that call several commands,
 * waiting commands and channels; some requests are spoilt on purpose (an argument lost, doubled, swapped or replaced by nonsense).
 */
import fc from 'fast-check';
import {
  BLOCKING_LINES,
  HASH_LINES,
  KEY_LINES,
  LIST_LINES,
  SESSION_LINES,
  SET_LINES,
  SORTED_SET_LINES,
  STREAM_LINES,
  STRING_LINES,
  SUBSCRIBER_LINES,
} from './command-lines.ts';
import { parseLine } from './grammar.ts';
import { KINDS } from './values.ts';

export type Request = readonly string[];

/** What one client sends in one write; the others send nothing until it is answered, or known to wait. */
export interface Burst {
  readonly client: ClientName;
  readonly requests: readonly Request[];
}

/** `main` does most; `second` and `third` interfere and wait; `listener` holds subscriptions. */
export const CLIENTS = ['main', 'second', 'third', 'listener'] as const;
export type ClientName = (typeof CLIENTS)[number];

export interface Program {
  readonly resp: '2' | '3';
  readonly bursts: readonly Burst[];
}

/** Stands for the connection id of a client, which differs between servers. */
export const idOf = (client: ClientName): string => `<id of ${client}>`;

const lines = (text: string): fc.Arbitrary<string[]>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => parseLine(line, KINDS));

const NONSENSE = [
  '',
  'x',
  '0',
  '-1',
  '(',
  '99999999999999999999',
  'LIMIT',
  'NX',
  '\0',
  '1.5',
  's1',
  'l1',
  'z1',
] as const;

type Spoil = (request: string[], at: number, nonsense: string) => string[];
const SPOILS: readonly Spoil[] = [
  (request, at) => request.filter((_, n) => n !== at),
  (request, at) => request.flatMap((arg, n) => (n === at ? [arg, arg] : [arg])),
  (request, at, nonsense) => request.map((arg, n) => (n === at ? nonsense : arg)),
  (request, _at, nonsense) => [...request, nonsense],
  (request, at) => request.map((arg, n) => (n === at ? arg.toLowerCase() : arg)),
  (request) => request.slice(0, -1),
];

/** One request in twelve is spoilt; the command's name stays. */
function spoilt(request: fc.Arbitrary<string[]>): fc.Arbitrary<Request> {
  const spoil = fc.tuple(fc.constantFrom(...SPOILS), fc.nat(8), fc.constantFrom(...NONSENSE));
  return fc
    .tuple(request, fc.oneof({ weight: 11, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: spoil }))
    .map(([args, chosen]) => {
      if (chosen === undefined || args.length < 2) return args;
      const [change, at, nonsense] = chosen;
      const changed = change(args, 1 + (at % (args.length - 1)), nonsense);
      return isSafe(changed) ? changed : args;
    });
}

/** Not spoilt: what would take a random part of something, or part ways with 7.0 (7.2 reads their arguments otherwise). */
const UNSPOILT = /^(spop|sort|bitcount|bitpos|zrank|zrevrank|[ps]?unsubscribe)$/i;

function isSafe(request: readonly string[]): boolean {
  const name = request[0] ?? '';
  // Redis's patterns do not match the empty text, not even `*`; ours do.
  if (/(subscribe|publish)$/i.test(name) && request.includes('')) return false;
  return !UNSPOILT.test(name) && !request.some((arg) => /^(block|\*)$/i.test(arg));
}

const data = fc.oneof(
  { weight: 5, arbitrary: fc.oneof(...lines(STRING_LINES)) },
  { weight: 4, arbitrary: fc.oneof(...lines(LIST_LINES)) },
  { weight: 4, arbitrary: fc.oneof(...lines(HASH_LINES)) },
  { weight: 4, arbitrary: fc.oneof(...lines(SET_LINES)) },
  { weight: 7, arbitrary: fc.oneof(...lines(SORTED_SET_LINES)) },
  { weight: 7, arbitrary: fc.oneof(...lines(STREAM_LINES)) },
  { weight: 4, arbitrary: fc.oneof(...lines(KEY_LINES)) },
);
/** 7.2 makes a consumer whenever it is named, 7.0 when it gets an entry: here it exists before, so that both go on alike. */
function withConsumers(request: Request): Request[] {
  const [name = '', ...args] = request;
  const words = args.map((arg) => arg.toUpperCase());
  if (/^x(auto)?claim$/i.test(name)) return [['XGROUP', 'CREATECONSUMER', ...args.slice(0, 3)], request];
  const from = words.indexOf('GROUP');
  const streams = words.indexOf('STREAMS');
  if (!/^xreadgroup$/i.test(name) || from < 0 || streams < 0) return [request];
  const keys = args.slice(streams + 1, streams + 1 + (args.length - streams - 1) / 2);
  return [...keys.map((key) => ['XGROUP', 'CREATECONSUMER', key, ...args.slice(from + 1, from + 3)]), request];
}

type Requests = fc.Arbitrary<Request[]>;
const plain: Requests = spoilt(data).map(withConsumers);
const session: Requests = spoilt(fc.oneof(...lines(SESSION_LINES))).map((request) => [request]);
const blocking: Requests = fc.oneof(...lines(BLOCKING_LINES)).map(withConsumers);

/**
 * A script that runs the requests packed into ARGV (each after its length) and returns their replies; with redis.call the first error
 * ends it. comparison.ts unpacks them again.
 */
const SCRIPT = (call: string, before: string): string =>
  `${before}local r,at,n={},1,0 while ARGV[at] do local c=tonumber(ARGV[at]) n=n+1 ` +
  `r[n]=${call}(unpack(ARGV,at+1,at+c)) if r[n]==nil then r[n]=false end at=at+c+1 end return r`;

const script: Requests = fc
  .tuple(
    fc.constantFrom('EVAL', 'EVAL', 'EVAL_RO'),
    fc.constantFrom('redis.call', 'redis.pcall', 'redis.pcall'),
    fc.constantFrom('', '', 'redis.setresp(3) ', '#!lua\n', '#!lua flags=no-writes\n'),
    fc.array(fc.oneof({ weight: 12, arbitrary: plain }, { weight: 1, arbitrary: session }), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([name, call, before, requests]) => {
    const packed = requests.flat().flatMap((request) => [String(request.length), ...request]);
    return [[name, SCRIPT(call, before), '0', ...packed]];
  });

const anything: Requests = fc.oneof(
  { weight: 30, arbitrary: plain },
  { weight: 2, arbitrary: session },
  { weight: 2, arbitrary: script },
);
/** Nothing within ends the transaction early, or its waiting commands would wait. */
const transaction: Requests = fc
  .tuple(
    fc.array(
      fc.oneof({ weight: 20, arbitrary: plain }, { weight: 2, arbitrary: script }, { weight: 1, arbitrary: blocking }),
      { maxLength: 5 },
    ),
    fc.constantFrom('EXEC', 'EXEC', 'EXEC', 'DISCARD'),
  )
  .map(([requests, end]) => [['MULTI'], ...requests.flat(), [end]]);

const requests: Requests = fc
  .array(fc.oneof({ weight: 14, arbitrary: anything }, { weight: 1, arbitrary: transaction }), {
    minLength: 1,
    maxLength: 16,
  })
  .map((each) => each.flat());

const unblock = fc
  .tuple(fc.constantFrom<ClientName>('second', 'third'), fc.constantFrom<string[]>([], ['ERROR'], ['TIMEOUT']))
  .map(([client, how]) => ['CLIENT', 'UNBLOCK', idOf(client), ...how]);

const burst: fc.Arbitrary<Burst> = fc.oneof(
  { weight: 12, arbitrary: requests.map((each) => ({ client: 'main' as const, requests: each })) },
  {
    weight: 3,
    arbitrary: fc.record({
      client: fc.constantFrom('second' as const, 'third' as const),
      requests: fc.array(anything, { minLength: 1, maxLength: 4 }).map((each) => each.flat()),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      client: fc.constantFrom('second' as const, 'third' as const),
      requests: blocking,
    }),
  },
  { weight: 1, arbitrary: unblock.map((request) => ({ client: 'main' as const, requests: [request] })) },
  {
    weight: 1,
    arbitrary: fc.record({
      client: fc.constant('listener' as const),
      requests: fc.array(spoilt(fc.oneof(...lines(SUBSCRIBER_LINES))), { minLength: 1, maxLength: 4 }),
    }),
  },
);

export const randomProgram: fc.Arbitrary<Program> = fc.record({
  resp: fc.constantFrom('2' as const, '3' as const),
  bursts: fc.array(burst, { minLength: 8, maxLength: 16, size: 'max' }),
});
