/** Seeded nonsense: random bytes, requests that break the protocol in one place, random commands with random arguments. Strings are latin1. */

export type Random = () => number;

/** Mulberry32. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const below = (random: Random, limit: number): number => Math.floor(random() * limit);

export function pick<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[below(random, items.length)] ?? items[0];
}

export function randomBytes(random: Random, maxBytes: number): string {
  let out = '';
  for (let left = below(random, maxBytes) + 1; left > 0; left--) out += String.fromCharCode(below(random, 256));
  return out;
}

export function request(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

/** Never asked of a broker that others use as well, not even to be refused: they hold the client itself up. */
const LEFT_OUT = new Set(['quit', 'subscribe', 'psubscribe', 'ssubscribe', 'auth', 'hello', 'reset', 'monitor']);

const WORDS: readonly [string, ...string[]] = [
  'fuzz:key',
  ...[
    'fuzz:a',
    'fuzz:b',
    'fuzz:c',
    'good:a',
    '0',
    '1',
    '-1',
    '7',
    '1000',
    '3.5',
    'inf',
    '-inf',
    'nan',
    '(1',
    '[a',
    '+',
    '-',
  ],
  ...[
    '*',
    '$',
    '>',
    '0-1',
    '1-1',
    '',
    'NX',
    'XX',
    'EX',
    'PX',
    'GT',
    'LIMIT',
    'WITHSCORES',
    'COUNT',
    'BY',
    'GET',
    'STORE',
    'STREAMS',
  ],
  ...[
    'GROUP',
    'MAXLEN',
    '~',
    'MATCH',
    'fuzz:*',
    'LEFT',
    'RIGHT',
    'u8',
    '#1',
    'return {1,2,{ok="a"}}',
    'return redis.call("GET","fuzz:a")',
  ],
  ...[
    'while true do end',
    'return (',
    '9223372036854775807',
    '-9223372036854775808',
    '99999999999999999999',
    '\0\r\n\xff',
  ],
];

/** A well-formed request of a random command: most are refused, some work. */
export function randomRequest(random: Random, commands: readonly string[]): string {
  const name = commands[below(random, commands.length)] ?? 'ping';
  if (LEFT_OUT.has(name)) return request(['PING']);
  const words = Array.from({ length: below(random, 8) }, () =>
    random() < 0.05 ? randomBytes(random, 64) : pick(random, WORDS),
  );
  return request([name, ...words]);
}

const BROKEN: readonly [string, ...string[]] = [
  '*-1\r\n',
  '*0\r\n',
  '*-2147483648\r\n',
  '*1\r\n$-1\r\n',
  '*1\r\n$-5\r\n',
  '*2147483647\r\n',
  '*1000000000000000\r\n',
  '*1048577\r\n',
  '*1048576\r\n$1\r\na\r\n',
  '*1\r\n$536870913\r\n',
  '*1\r\n$536870000\r\nabc',
  '*1\r\n$99999999999999999999\r\n',
  '*1\r\n*1\r\n*1\r\n*1\r\n$4\r\nPING\r\n',
  '*1\r\n:1\r\n',
  '*\r\n',
  '*1\r\n$\r\n',
  '*1\n$4\nPING\n',
  '*1\r\n$4\r\nPINGxx',
  '$4\r\nPING\r\n',
  '+PING\r\n',
  '\r\n\r\n\r\n',
  'PING\r\nPING\nECHO "a\\x00b"\r\n',
  'ECHO "unbalanced\r\n',
  `ECHO ${'a'.repeat(70_000)}`,
  `*${'1'.repeat(70_000)}`,
  `*1\r\n$${'1'.repeat(70_000)}`,
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
];

/** One thing wrong, at a random place between things that are right. */
export function brokenRequests(random: Random): string {
  const before = request(['PING']).repeat(below(random, 4));
  return `${before}${pick(random, BROKEN)}${random() < 0.5 ? request(['PING']) : ''}`;
}

/** Right requests with bytes changed, left out or doubled. */
export function mutated(random: Random, commands: readonly string[]): string {
  let text = '';
  for (let left = below(random, 6) + 1; left > 0; left--) text += randomRequest(random, commands);
  for (let left = below(random, 4) + 1; left > 0; left--) {
    const at = below(random, text.length);
    const insert = pick(random, ['', randomBytes(random, 3), text.slice(at, at + below(random, 20))]);
    text = text.slice(0, at) + insert + text.slice(at + below(random, 3));
  }
  return text;
}
