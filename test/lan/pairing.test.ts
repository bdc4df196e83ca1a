/**
 * Joining without a token on a real network: a machine finds the only hub, both show the same six digits, and the owner's word
 * lets it in or turns it away. With two hubs it asks none until it is told which is meant.
 */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createFarm, type Farm, type FarmHub } from '../support/farm.ts';
import { createLab, type Lab, type LabHost } from '../support/namespaces.ts';
import { requireNetworkNamespaces } from '../support/requirements.ts';

const cli = join(import.meta.dirname, '..', '..', 'main', 'cli', 'index.ts');
const pairingLine = z.object({ event: z.literal('pairing'), code: z.string(), hubName: z.string() });

let lab: Lab | undefined;
let farm: Farm;

beforeAll(async () => {
  farm = await createFarm();
});
afterAll(async () => {
  await farm?.close();
  await lab?.close();
});

async function command(host: LabHost, dataDir: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await host.exec(process.execPath, cli, ...args, '--data', dataDir, '--json');
  return JSON.parse(stdout);
}

/** A node without a token: what it says, and its first code. */
function asking(host: LabHost, name: string, ...args: string[]) {
  let child: ChildProcess | undefined;
  let said = '';
  const listeners = new Set<() => void>();
  const started = farm.node(name, args, {
    start: (program, words, env) => {
      child = host.spawn(program, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
      child.stderr?.on('data', (text: Buffer) => {
        said += text.toString();
        for (const listener of listeners) listener();
      });
      return child;
    },
  });
  // A node that is never let in ends with the test.
  started.catch(() => {});
  const code = new Promise<string>((resolve) => {
    if (!child?.stdout) throw new Error('no output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const parsed = pairingLine.safeParse(JSON.parse(line));
      if (parsed.success) resolve(parsed.data.code);
    });
  });
  const says = (wanted: RegExp): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (wanted.test(said)) resolve();
      };
      listeners.add(look);
      look();
    });
  return { started, code, says, end: () => child?.kill('SIGTERM') };
}

const requests = z.array(z.object({ code: z.string() }));
/** Codes that a hub shows to its owner. */
const shownBy = async (host: LabHost, hub: FarmHub): Promise<string[]> =>
  requests.parse(await command(host, hub.dataDir, 'pair')).map(({ code }) => code);

test('a machine joins by its code, is turned away, and says which hub it means', async ({ skip }) => {
  requireNetworkNamespaces({ skip });
  lab = await createLab({ bridges: ['a'], hosts: { hub: ['a'], node: ['a'], other: ['a'] } });
  const [hubHost, nodeHost, otherHost] = [lab.host('hub'), lab.host('node'), lab.host('other')];
  const spawnIn =
    (host: LabHost) =>
    (program: string, words: readonly string[], env: NodeJS.ProcessEnv): ChildProcess =>
      host.spawn(program, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const hub = await farm.hub(['--no-local-node'], { start: spawnIn(hubHost) });
  expect(await command(hubHost, hub.dataDir, 'pair')).toEqual([]);

  const first = asking(nodeHost, 'attic');
  const code = await first.code;
  expect(await shownBy(hubHost, hub)).toEqual([code]);
  await first.says(new RegExp(`${code.slice(0, 3)} ${code.slice(3)}`));
  await command(hubHost, hub.dataDir, 'pair', code.slice(0, 3), code.slice(3));
  const { ready } = await first.started;
  expect(ready.node).toBe('attic');
  expect(await shownBy(hubHost, hub)).toEqual([]);

  const second = asking(otherHost, 'barn');
  await command(hubHost, hub.dataDir, 'pair', await second.code, '--reject');
  await second.says(/turned this machine away/);
  second.end();

  const rival = await farm.hub(['--no-local-node', '--host', '0.0.0.0'], {
    start: spawnIn(nodeHost),
    dataDir: join(farm.dir, 'rival'),
  });
  const third = asking(otherHost, 'cellar');
  await third.says(/2 hubs were found/);
  expect([await shownBy(nodeHost, rival), await shownBy(hubHost, hub)]).toEqual([[], []]);
  third.end();
  const tlsPort = z
    .object({ tls: z.int() })
    .parse(JSON.parse((await hubHost.exec('cat', join(hub.dataDir, 'ports.json'))).stdout)).tls;
  const fourth = asking(otherHost, 'cellar', '--hub', `https://${hubHost.address()}:${tlsPort}`);
  const fourthCode = await fourth.code;
  expect([await shownBy(nodeHost, rival), await shownBy(hubHost, hub)]).toEqual([[], [fourthCode]]);
  await command(hubHost, hub.dataDir, 'pair', fourthCode);
  await fourth.started;
});
