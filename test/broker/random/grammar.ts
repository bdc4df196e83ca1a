/**
 * A small language for random requests. One line is one command: words in capitals stand for themselves, words in lower case name a
 * kind of value (values.ts), `( … )` groups, `a|b` chooses, and a word or group may be followed by `?` (perhaps), `+` (one to four
 * times) or `*` (none to three times).
 */
import fc from 'fast-check';

type Words = fc.Arbitrary<string[]>;

const TOKEN = /[()|?+*]|[^\s()|?+*]+/g;
/** A name followed by a sign that belongs to the name, such as `~` or `=`, is written as a word of its own. */
const NOTHING: Words = fc.constant([]);

function sequence(parts: readonly Words[]): Words {
  if (parts.length === 1 && parts[0] !== undefined) return parts[0];
  return fc.tuple(...parts).map((each) => each.flat());
}

function repeated(part: Words, sign: string | undefined): Words | undefined {
  if (sign === '?') return fc.oneof(NOTHING, part);
  if (sign === '+') return fc.array(part, { minLength: 1, maxLength: 4 }).map((each) => each.flat());
  return sign === '*' ? fc.array(part, { maxLength: 3 }).map((each) => each.flat()) : undefined;
}

/** @throws Error when a line is not well formed or names an unknown kind. */
export function parseLine(line: string, kinds: Readonly<Record<string, Words>>): Words {
  const tokens = line.match(TOKEN) ?? [];
  let at = 0;

  function word(token: string): Words {
    if (token !== token.toLowerCase() || !/[a-z]/.test(token)) return fc.constant([token]);
    const kind = kinds[token];
    if (kind === undefined) throw new Error(`unknown kind ${token} in ${line}`);
    return kind;
  }

  function choice(): Words {
    const choices: Words[] = [];
    for (;;) {
      const parts: Words[] = [];
      while (at < tokens.length && tokens[at] !== '|' && tokens[at] !== ')') parts.push(item());
      choices.push(sequence(parts));
      if (tokens[at] !== '|') break;
      at++;
    }
    return choices.length === 1 && choices[0] !== undefined ? choices[0] : fc.oneof(...choices);
  }

  function item(): Words {
    const token = tokens[at++] ?? '';
    let part: Words;
    if (token === '(') {
      part = choice();
      if (tokens[at++] !== ')') throw new Error(`missing ) in ${line}`);
    } else part = word(token);
    const more = repeated(part, tokens[at]);
    if (more === undefined) return part;
    at++;
    return more;
  }

  const parsed = choice();
  if (at < tokens.length) throw new Error(`unbalanced ) in ${line}`);
  return parsed;
}
