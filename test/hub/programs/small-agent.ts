/** Reads its configuration from the parent's pipe as a node-agent does and tells of itself by a file in its data folder. */
import { writeFileSync } from 'node:fs';
import { openParentPipe } from '../../../node-agent/parent-pipe.ts';

const { config, gone } = await openParentPipe(process.stdin);
const { dataDir } = config;
writeFileSync(
  `${dataDir}/agent-${process.pid}.json`,
  JSON.stringify({ config, argv: process.argv.slice(2), variables: Object.keys(process.env) }),
);
// Keeps it alive, as a node's sockets do.
const work = setInterval(() => {}, 1_000);
await gone;
writeFileSync(`${dataDir}/gone-${process.pid}`, '');
clearInterval(work);
