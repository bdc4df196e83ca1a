import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import { type LocalNode, type LocalNodeParts, startLocalNode } from '../../main/hub/nodes/local-node.ts';

const agent = new URL('./programs/small-agent.ts', import.meta.url).pathname;
const token = `mrt1.0190b1a0-0000-7000-8000-000000000001.${'f'.repeat(64)}.0123456789abcdef.${'s'.repeat(43)}`;
let dataDir: string;
let node: LocalNode | undefined;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'millrace-local-node-'));
});
afterEach(async () => {
  await node?.stop();
  node = undefined;
  await rm(dataDir, { recursive: true, force: true });
});

const start = (parts: Partial<LocalNodeParts> = {}): LocalNode => {
  node = startLocalNode({
    command: [process.execPath, agent],
    dataDir,
    blobDir: join(dataDir, 'blobs'),
    hubUrl: 'http://127.0.0.1:4711',
    name: 'desk',
    createToken: async () => token,
    logger: silentLogger,
    backoffMs: () => 10,
    ...parts,
  });
  return node;
};
const files = (prefix: string) => readdir(dataDir).then((names) => names.filter((name) => name.startsWith(prefix)));
const started = (count: number) =>
  expect.poll(async () => (await files('agent-')).length, { timeout: 10_000 }).toBe(count);

describe('the hub’s own node', () => {
  it('gets its token over the pipe, not by arguments or environment, and ends in order with the hub', async () => {
    process.env['MILLRACE_DATA'] = '/somewhere';
    const own = start({ environment: { MILLRACE_STAGE_THREADS: '2' } });
    await started(1);
    const [name = ''] = await files('agent-');
    await expect.poll(() => readFile(join(dataDir, name), 'utf8')).toContain('variables');
    const { config, argv, variables } = JSON.parse(await readFile(join(dataDir, name), 'utf8'));
    expect(config).toEqual({
      hub: 'http://127.0.0.1:4711',
      token,
      dataDir,
      name: 'desk',
      blobDir: join(dataDir, 'blobs'),
    });
    expect(argv).toEqual([]);
    expect(variables).toContain('MILLRACE_PARENT_PIPE');
    expect(variables).toContain('MILLRACE_STAGE_THREADS');
    expect(variables).not.toContain('MILLRACE_DATA');
    expect(variables).not.toContain('MILLRACE_TOKEN');
    delete process.env['MILLRACE_DATA'];
    await own.stop();
    expect(own.pid()).toBeUndefined();
  });

  it('is started again when it is killed, with a token of its own each time', async () => {
    let tokens = 0;
    const own = start({
      createToken: async () => {
        tokens++;
        return token;
      },
    });
    for (const count of [1, 2, 3]) {
      await started(count);
      const pid = own.pid();
      if (pid === undefined) throw new Error('not running');
      if (count < 3) process.kill(pid, 'SIGKILL');
    }
    expect(tokens).toBe(3);
  });

  it('waits longer each time when it cannot be started at all', async () => {
    const pauses: number[] = [];
    const own = start({
      command: ['/nowhere/node', agent],
      backoffMs: (n) => {
        pauses.push(n);
        return 1;
      },
    });
    await expect.poll(() => pauses.length).toBeGreaterThan(3);
    await own.stop();
    expect(pauses.slice(0, 4)).toEqual([1, 2, 3, 4]);
  });

  it('ends when the hub is killed by force', async () => {
    const hub = spawn(
      process.execPath,
      [new URL('./programs/small-hub.ts', import.meta.url).pathname, dataDir, token],
      { stdio: 'inherit' },
    );
    await started(1);
    hub.kill('SIGKILL');
    await expect.poll(() => files('gone-'), { timeout: 10_000 }).toHaveLength(1);
  });
});
