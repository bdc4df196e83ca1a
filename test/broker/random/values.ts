/** What random arguments are made of: few keys so that commands collide, small values, and now and then one that no command takes. */
import fc from 'fast-check';

type Words = fc.Arbitrary<string[]>;

const word = (...choices: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...choices);
const mostly = (usual: fc.Arbitrary<string>, seldom: fc.Arbitrary<string>, weight = 30): fc.Arbitrary<string> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: seldom });

/** Keys by the type that they mostly hold; `y` keys hold sorted sets of one score, which lexical ranges ask for. */
export const KEYS_BY_TYPE: Readonly<Record<string, readonly string[]>> = {
  skey: ['s1', 's2', '\xff\x00s'],
  lkey: ['l1', 'l2'],
  hkey: ['h1', 'h2'],
  ekey: ['e1', 'e2', 'e3'],
  zkey: ['z1', 'z2'],
  xkey: ['x1', 'x2'],
};
const ANY_KEY = word(...Object.values(KEYS_BY_TYPE).flat());

const ODD_NUMBER = word(
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '18446744073709551616',
  '4294967296',
  'x',
  '1.5',
  '',
  ' 1',
  '1 ',
  '01',
  '-0',
  '+1',
  '0x1',
  '1e3',
  'nan',
);
/** The greatest 64-bit number is left out: as a time it is beyond what the broker keeps (documented with expiryInstant). */
const ODD_TIME = word('-9223372036854775808', '9223372036854775808', '4294967296', 'x', '1.5', '', ' 1', '01', '1e3');
const ODD_FLOAT = word('1e400', '-1e400', 'nan', 'x', '', ' 1', '0x10', '1e', '1e-400', '--1', 'infinity');
const small = fc.integer({ min: -6, max: 6 }).map(String);
const int = mostly(small, ODD_NUMBER);
const nat = mostly(fc.nat(8).map(String), ODD_NUMBER);
const float = mostly(
  fc.oneof(
    small,
    word('inf', '-inf', '+inf', '1.5', '0.25', '-2.75', '1e3', '3.0', '+2', '0.1', '100000000000000000000'),
  ),
  ODD_FLOAT,
);
const bound = mostly(
  fc.oneof(
    float,
    float.map((text) => `(${text}`),
  ),
  word('((1', '(', '[1', '(x'),
);
const value = fc.oneof(
  word('', '0', '1', '-1', '10', '3.5', 'x', 'yy', 'abc', '\xff\x00', '9223372036854775807', 'é\r\n'),
  fc.integer({ min: -20, max: 20 }).map(String),
);
const member = word('m', 'n', 'o', 'p', '1', '2', '33', '', '\xff');
const id = mostly(
  fc.tuple(fc.nat(9), fc.nat(3)).map(([ms, seq]) => `${ms}-${seq}`),
  fc.oneof(
    word('5', '5-*', '0-0', 'x', '1-', '-1-1', '18446744073709551615-18446744073709551615', '1-1-1', '$', '-'),
    nat,
  ),
  12,
);
const edge = fc.oneof(id, word('-', '+', '(1-1', '(5', '(-', '(x'));

function keyOf(type: string): fc.Arbitrary<string> {
  return mostly(word(...(KEYS_BY_TYPE[type] ?? [])), ANY_KEY, 14);
}

/** `numkeys key key …`, seldom with a count that does not fit. */
function counted(key: fc.Arbitrary<string>): Words {
  const count = (keys: readonly string[]): fc.Arbitrary<string> => mostly(fc.constant(String(keys.length)), int, 20);
  return fc.array(key, { minLength: 1, maxLength: 3 }).chain((keys) => count(keys).map((number) => [number, ...keys]));
}

const single = (arbitrary: fc.Arbitrary<string>): Words => arbitrary.map((text) => [text]);

/** The words of the grammar in lower case; anything else in a line of it stands for itself. */
export const KINDS: Readonly<Record<string, Words>> = {
  key: single(ANY_KEY),
  ...Object.fromEntries(Object.keys(KEYS_BY_TYPE).map((type) => [type, single(keyOf(type))])),
  ykey: single(mostly(word('y1', 'y2'), word('s1', 'l1', 'none'), 10)),
  keys: counted(ANY_KEY),
  ekeys: counted(keyOf('ekey')),
  zkeys: counted(fc.oneof(keyOf('zkey'), keyOf('ekey'))),
  lkeys: counted(keyOf('lkey')),
  // Who waits for a key waits for its usual type: 7.0 forgets waiters when a key of another type is overwritten.
  lwait: single(word('l1', 'l2')),
  zwait: single(word('z1', 'z2')),
  lwaits: counted(word('l1', 'l2')),
  zwaits: counted(word('z1', 'z2')),
  value: single(value),
  member: single(member),
  field: single(member),
  int: single(int),
  nat: single(nat),
  float: single(float),
  // INCRBYFLOAT adds long doubles: what fits a double alone can be compared.
  decimal: single(
    mostly(
      fc.oneof(small, word('1.5', '0.25', '-2.75', '3.0', '+2', '0.1', '1e3', '0.0000001')),
      word('x', '', 'nan', 'inf', ' 1'),
    ),
  ),
  bound: single(bound),
  lex: single(word('-', '+', '[m', '(m', '[o', '(p', '[', '(', '[\xff', 'm', '')),
  id: single(id),
  edge: single(edge),
  // Long enough never to run out during a test, or over at once.
  seconds: single(mostly(word('1000', '5000', '100000', '0', '-1'), ODD_TIME)),
  ms: single(mostly(word('1000000', '5000000', '0', '-1'), ODD_TIME)),
  at: single(mostly(word('9999999999', '99999999999', '1', '0'), ODD_TIME)),
  atms: single(mostly(word('9999999999000', '99999999999000', '1', '0'), ODD_TIME)),
  index: single(small),
  // A key that SET gives a time in the past is still counted until somebody finds it gone.
  later: single(mostly(word('9999999999', '99999999999', '0'), ODD_TIME)),
  laterms: single(mostly(word('9999999999000', '99999999999000', '0'), word('-1', 'x', '', '1.5', '01'))),
  bit: single(mostly(word('0', '1'), int, 20)),
  flag: single(word('0', '1')),
  offset: single(mostly(fc.nat(40).map(String), word('-1', 'x', '4294967296', '99999999999'))),
  pattern: single(word('*', 's*', '?1', '[sl]1', '[^s]?', '*1', 'z\\1', 'nothing', '[a-z]2', '', '\xff*')),
  by: single(word('nosort', 's*', 'h*->m', 'w_*', 'x*->', '*->m')),
  get: single(word('#', 's*', 'h*->m', 'none*')),
  end: single(word('LEFT', 'RIGHT')),
  group: single(mostly(word('g', 'gg'), word('', 'none'), 10)),
  consumer: single(word('me', 'you', '')),
  channel: single(word('c1', 'c2', 'd', '\xff')),
  channels: single(word('c*', '?1', '*', 'd')),
  db: single(mostly(word('0', '1', '2'), word('16', '-1', 'x', '15'), 20)),
  type: single(word('string', 'list', 'hash', 'set', 'zset', 'stream', 'none', 'x')),
  bits: single(mostly(word('u1', 'u8', 'i8', 'i5', 'u63', 'i64', 'u16'), word('u64', 'i65', 'x', 'u0', 'i0'), 10)),
  bitat: single(word('0', '3', '#1', '#2', '8', '-1', 'x', '100')),
};
