/** `npm run bench [-- NAME …]`: runs test/bench/NAME.bench.ts, all of them without a name; further arguments are the bench's own. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { inProject, isEntry } from './project.ts';

const suffix = '.bench.ts';

function main(args: readonly string[]): number {
  const known = readdirSync(inProject('test', 'bench'))
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length))
    .sort();
  const firstFlag = args.findIndex((arg) => arg.startsWith('-'));
  const named = firstFlag < 0 ? args : args.slice(0, firstFlag);
  const own = firstFlag < 0 ? [] : args.slice(firstFlag);
  const unknown = named.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(`There is no bench ${unknown.join(', ')}. There is: ${known.join(', ')}.\n`);
    return 2;
  }
  let worst = 0;
  for (const name of named.length > 0 ? named : known) {
    process.stderr.write(`\n${name}\n`);
    const { status } = spawnSync(process.execPath, [inProject('test', 'bench', `${name}${suffix}`), ...own], {
      stdio: 'inherit',
    });
    worst = Math.max(worst, status ?? 1);
  }
  return worst;
}

if (isEntry(import.meta.filename)) process.exitCode = main(process.argv.slice(2));
