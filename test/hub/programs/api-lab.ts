/** The API in a process of its own, for measuring: prints one JSON line with its address, token and folder, and ends with its input. */
import { startApiLab } from '../../support/api-lab.ts';

const lab = await startApiLab();
process.stdout.write(`${JSON.stringify({ url: lab.api.url, token: lab.token, dir: lab.dir })}\n`);
process.stdin.resume();
process.stdin.once('end', () => {
  lab.end().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
