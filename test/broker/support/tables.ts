/** Tables of requests under test/broker/tables: `# title` opens a case, every other line is a request as redis-cli would take it. */
import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../tables/', import.meta.url);

/** The lines of a table by case. Titles are unique within a table. */
export function readTable(name: string): Record<string, string[]> {
  return readCases(new URL(`${name}.txt`, FOLDER));
}

/** The dialogues of several clients by title. */
export function readDialogues(): Record<string, string[]> {
  return readCases(new URL('../dialogues.txt', FOLDER));
}

function readCases(file: URL): Record<string, string[]> {
  const cases: Record<string, string[]> = {};
  let current: string[] | undefined;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('# ')) {
      const title = line.slice(2);
      if (cases[title] !== undefined) throw new Error(`${file.pathname} has two cases "${title}"`);
      current = [];
      cases[title] = current;
    } else if (line.trim() !== '') {
      if (current === undefined) throw new Error(`${file.pathname} begins without a title`);
      current.push(line);
    }
  }
  return cases;
}

/** All tables. */
export function tableNames(): string[] {
  return readdirSync(FOLDER).flatMap((file) => (file.endsWith('.txt') ? [file.slice(0, -4)] : []));
}
