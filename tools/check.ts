/** `npm run check`: types, lint and format, then the tests of the project's own rules. `npm test` has all of it too. */
import { runChecks, tellChecks } from './checks.ts';
import { isEntry } from './project.ts';
import { runTests } from './test.ts';

if (isEntry(import.meta.filename)) {
  const results = await runChecks();
  tellChecks(results, (text) => process.stdout.write(`${text}\n`));
  const allHeld = await runTests({ projects: ['unit'], filters: ['test/repo'], checks: results });
  process.exit(allHeld ? 0 : 1);
}
