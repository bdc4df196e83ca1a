/** LCS: the longest common subsequence of two strings. */
import type { Handler } from '../command.ts';
import { integer } from '../numbers.ts';
import { err, MapReply, type Reply, SYNTAX } from '../replies.ts';
import { at, readString, upper } from './support.ts';

interface LcsOptions {
  length: boolean;
  indexes: boolean;
  withMatchLength: boolean;
  minMatchLength: number;
}

function parseOptions(argv: readonly string[]): LcsOptions {
  const options: LcsOptions = { length: false, indexes: false, withMatchLength: false, minMatchLength: 0 };
  for (let i = 3; i < argv.length; i++) {
    const word = upper(argv, i);
    if (word === 'LEN') options.length = true;
    else if (word === 'IDX') options.indexes = true;
    else if (word === 'WITHMATCHLEN') options.withMatchLength = true;
    else if (word === 'MINMATCHLEN' && i + 1 < argv.length)
      options.minMatchLength = Math.max(0, integer(at(argv, ++i)));
    else throw SYNTAX;
  }
  if (options.length && options.indexes) {
    throw err('If you want both the length and indexes, please just use IDX.');
  }
  return options;
}

/** Lengths of the common subsequences of all prefixes, row by row. */
function table(a: string, b: string): Uint32Array {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const diagonal = lengths[(i - 1) * width + j - 1] ?? 0;
      const up = lengths[(i - 1) * width + j] ?? 0;
      const left = lengths[i * width + j - 1] ?? 0;
      lengths[i * width + j] = a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? diagonal + 1 : Math.max(up, left);
    }
  }
  return lengths;
}

interface Match {
  readonly aFrom: number;
  readonly aTo: number;
  readonly bFrom: number;
  readonly bTo: number;
}

/** Walks back through the table as Redis does; matches come last first. */
function trace(a: string, b: string, lengths: Uint32Array): { text: string; matches: Match[] } {
  const width = b.length + 1;
  const matches: Match[] = [];
  let text = '';
  let i = a.length;
  let j = b.length;
  let open: { aFrom: number; aTo: number; bFrom: number; bTo: number } | undefined;
  while (i > 0 && j > 0) {
    if (a.charCodeAt(i - 1) === b.charCodeAt(j - 1)) {
      text = (a[i - 1] ?? '') + text;
      if (open !== undefined && open.aFrom === i && open.bFrom === j) {
        open.aFrom--;
        open.bFrom--;
      } else {
        if (open !== undefined) matches.push(open);
        open = { aFrom: i - 1, aTo: i - 1, bFrom: j - 1, bTo: j - 1 };
      }
      i--;
      j--;
    } else if ((lengths[(i - 1) * width + j] ?? 0) > (lengths[i * width + j - 1] ?? 0)) i--;
    else j--;
  }
  if (open !== undefined) matches.push(open);
  return { text, matches };
}

export const lcs: Handler = (session, argv) => {
  const values = [session.db.forRead(at(argv, 1))?.value, session.db.forRead(at(argv, 2))?.value];
  if (values.some((value) => value !== undefined && typeof value !== 'string')) {
    throw err('The specified keys must contain string values');
  }
  const options = parseOptions(argv);
  const a = readString(session, at(argv, 1)) ?? '';
  const b = readString(session, at(argv, 2)) ?? '';
  if ((a.length + 1) * (b.length + 1) > 268_435_456)
    throw err('Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len');
  const lengths = table(a, b);
  const total = lengths[lengths.length - 1] ?? 0;
  if (options.length) return total;
  const { text, matches } = trace(a, b, lengths);
  if (!options.indexes) return text;
  const shown: Reply[] = matches
    .filter((match) => match.aTo - match.aFrom + 1 >= options.minMatchLength)
    .map((match) => {
      const pair: Reply[] = [
        [match.aFrom, match.aTo],
        [match.bFrom, match.bTo],
      ];
      return options.withMatchLength ? [...pair, match.aTo - match.aFrom + 1] : pair;
    });
  return new MapReply(['matches', shown, 'len', total]);
};
