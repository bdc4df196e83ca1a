/**
 * A fleet of simulated machines: a real hub and its broker in processes of their own, real node-agents, many in one process, whose
 * stage only waits 200 ms. How much of the ideal speed comes out, and what a unit costs the hub.
 * `npm run bench -- fleet [--nodes=1,8,32,64] [--seconds=20] [--waiting=10000]`
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFarm, type FarmHub, joinToken } from '../support/farm.ts';

const unitMs = 200;
const ticksASecond = 100;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function flag(name: string, fallback: string): string {
  const start = `--${name}=`;
  return (process.argv.find((arg) => arg.startsWith(start)) ?? `${start}${fallback}`).slice(start.length);
}

/** Processor time of a process and its children with all their threads since their start, ms: the broker may be one of them. */
async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const own = ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksASecond;
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter(Boolean);
  const others = await Promise.all(children.map((child) => cpuMs(Number(child))));
  return others.reduce((sum, ms) => sum + ms, own);
}

/** So many pictures of one pixel, each another one, so that each is a unit of its own. */
async function submit(hub: FarmHub, count: number): Promise<void> {
  const batch = await hub.client.call('createBatch', { body: { pipeline: 'watermark', privacy: 'any' } });
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) {
      const bytes = bitmap(at);
      await hub.client.call('addFileToBatch', {
        params: { id: batch.id },
        query: { name: `${at}.bmp` },
        body: { bytes, sizeBytes: bytes.length },
      });
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

/** A BMP of one pixel, its colour and a reserved field told by the number. */
function bitmap(number: number): Buffer {
  const bytes = Buffer.alloc(58);
  bytes.write('BM', 0, 'latin1');
  bytes.writeUInt32LE(58, 2);
  bytes.writeUInt32LE(number, 6);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(1, 18);
  bytes.writeInt32LE(1, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  bytes.writeUInt32LE(4, 34);
  bytes.writeUInt32LE(number, 54);
  return bytes;
}

const doneUnits = async (hub: FarmHub): Promise<number> => {
  const { rows } = await hub.client.call('listQueues', {});
  return rows.find((row) => row.kind === 'watermark')?.done ?? 0;
};

async function measure(nodes: number, seconds: number, waiting: number): Promise<void> {
  const farm = await createFarm();
  try {
    const hub = await farm.hub(['--no-local-node']);
    const token = await joinToken(hub, nodes);
    const submitMs = performance.now();
    await submit(hub, waiting);
    const acceptMs = (performance.now() - submitMs) / waiting;
    const fleet = fork(join(import.meta.dirname, 'fleet-nodes.ts'), [farm.dir, hub.url, token, String(nodes)], {
      stdio: 'inherit',
    });
    await once(fleet, 'message');
    const hubPid = hub.child.pid ?? 0;
    // Warm: connections, speeds, statements.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const before = { done: await doneUnits(hub), cpu: await cpuMs(hubPid), atMs: performance.now() };
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const after = { done: await doneUnits(hub), cpu: await cpuMs(hubPid), atMs: performance.now() };
    const units = after.done - before.done;
    const elapsedMs = after.atMs - before.atMs;
    const efficiency = (units * unitMs) / (elapsedMs * nodes);
    const left = waiting - after.done;
    say(
      `${String(nodes).padStart(3)} nodes: ${(units / (elapsedMs / 1_000)).toFixed(0)} units/s, ${(efficiency * 100).toFixed(1)} % of ideal, ` +
        `hub ${((after.cpu - before.cpu) / Math.max(units, 1)).toFixed(2)} ms a unit with its broker, ${left} still waiting, ` +
        `accepted in ${acceptMs.toFixed(2)} ms each`,
    );
    fleet.kill('SIGKILL');
    await once(fleet, 'exit');
  } finally {
    await farm.close();
  }
}

for (const nodes of flag('nodes', '1,8,32,64').split(',').map(Number)) {
  await measure(nodes, Number(flag('seconds', '20')), Number(flag('waiting', '10000')));
}
