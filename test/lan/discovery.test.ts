import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { protocolVersion } from '../../contract/node.ts';
import { createLab, type Lab, type LabHost } from '../support/namespaces.ts';
import { requireNetworkNamespaces } from '../support/requirements.ts';

const hubId = '0190b1a0-0000-7000-8000-000000000001';
const otherId = '0190b1a0-0000-7000-8000-000000000002';
const pin = 'f'.repeat(64);
const program = (name: string): string => new URL(`./programs/${name}.ts`, import.meta.url).pathname;

interface Answer {
  readonly ms: number;
  readonly hub: { readonly id: string; readonly address: string; readonly name: string; readonly port: number };
}

describe('discovery', () => {
  let lab: Lab | undefined;
  const running: ChildProcess[] = [];

  beforeEach(async ({ skip }) => {
    requireNetworkNamespaces({ skip });
    lab ??= await createLab({
      bridges: ['a', 'b'],
      hosts: { hub: ['a', 'b'], node1: ['a'], node2: ['b'], hub2: ['b'] },
    });
  });
  afterAll(() => lab?.close());
  afterEach(async () => {
    for (const child of running.splice(0)) await stop(child);
  });

  const host = (name: string): LabHost => {
    if (lab === undefined) throw new Error('no network');
    return lab.host(name);
  };
  const start = (at: LabHost, name: string, ...args: string[]): ChildProcess => {
    const child = at.spawn(process.execPath, [program(name), ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    running.push(child);
    return child;
  };
  const startHub = async (name = 'hub', id = hubId): Promise<ChildProcess> => {
    const child = start(host(name), 'advertise-hub', id, pin, `Hub of Möwe ${name}`, '4711');
    if (child.stdout) await once(child.stdout, 'data');
    return child;
  };
  /** Reads answers until one fits. */
  const answers = (child: ChildProcess) => {
    if (child.stdout === null) throw new Error('no output');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return async (fits: (answer: Answer) => boolean): Promise<Answer> => {
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        const answer: Answer = JSON.parse(line.value);
        if (fits(answer)) return answer;
      }
      throw new Error('the browser ended');
    };
  };
  const browse = (name: string) => answers(start(host(name), 'browse-hubs'));

  it('finds a hub with two networks from both, without a default route, within a second', async () => {
    await startHub();
    for (const [name, bridge] of [
      ['node1', 'a'],
      ['node2', 'b'],
    ] as const) {
      const { ms, hub } = await browse(name)(() => true);
      expect(hub).toMatchObject({
        id: hubId,
        name: 'Hub of Möwe hub',
        port: 4711,
        address: host('hub').address(bridge),
        v: protocolVersion,
        pin,
      });
      expect(ms).toBeLessThan(1_000);
      process.stdout.write(`discovery on network ${bridge}: ${ms.toFixed(0)} ms\n`);
    }
  });

  it('finds a hub that starts later, and two hubs side by side', async () => {
    const next = browse('node2');
    await startHub();
    await next(({ hub }) => hub.id === hubId);
    await startHub('hub2', otherId);
    expect((await next(({ hub }) => hub.id === otherId)).hub.address).toBe(host('hub2').address('b'));
  });

  it('goes on when a cable was pulled and put back, and when adapters come and go', async () => {
    const hub = host('hub');
    await hub.unplug('b');
    const advertiser = await startHub();
    const onA = browse('node1');
    const onB = browse('node2');
    await onA(({ hub: found }) => found.id === hubId);
    await hub.plug('b');
    expect((await onB(({ hub: found }) => found.id === hubId)).hub.address).toBe(hub.address('b'));
    await hub.cut('a');
    await hub.unplug('b');
    await hub.plug('b');
    await hub.restore('a');
    // Answers from before the cut may still be in the pipe: only new processes see what is true now.
    await browse('node1')(({ hub: found }) => found.id === hubId);
    await browse('node2')(({ hub: found }) => found.id === hubId);
    expect(advertiser.exitCode).toBeNull();
  });

  it('survives broken and strange packets on both sides', async () => {
    const advertiser = await startHub();
    const browser = start(host('node1'), 'browse-hubs');
    const next = answers(browser);
    await next(({ hub }) => hub.id === hubId);
    await host('node1').exec(process.execPath, program('mdns-noise'), host('node1').address());
    await next(({ ms, hub }) => ms > 0 && hub.id === hubId);
    await browse('node1')(({ hub }) => hub.id === hubId);
    expect([advertiser.exitCode, browser.exitCode]).toEqual([null, null]);
  });
});

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
