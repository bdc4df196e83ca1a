/** One user of a folder: living processes keep it, dead ones do not, and a process cannot take it twice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../common/files.ts';

const module = pathToFileURL(join(import.meta.dirname, '..', '..', 'common', 'files.ts')).href;

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mr-lock-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('lockFolder', () => {
  it('gives a folder to one user of this process, and again after it was given back', async () => {
    const unlock = await lockFolder(dir);
    await expect(lockFolder(dir)).rejects.toThrow(`in use by process ${process.pid} (this one)`);
    await unlock();
    const again = await lockFolder(dir);
    // Given back once already: this is not its lock any more.
    await unlock();
    await expect(lockFolder(dir)).rejects.toThrow('in use');
    await again();
    expect(await readdir(dir)).toEqual([]);
  });

  it('names the process that has it, and takes it over once that was killed', async () => {
    const holder = `import { lockFolder } from ${JSON.stringify(module)}; await lockFolder(${JSON.stringify(dir)}); console.log('taken'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', holder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(child.stdout, 'data');
      await expect(lockFolder(dir)).rejects.toThrow(`${dir} is in use by process ${child.pid}.`);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const unlock = await lockFolder(dir);
    await unlock();
  });

  it.runIf(process.platform === 'linux')('is not fooled by a pid that was given to another process', async () => {
    // This very pid, but of a process that began at another time.
    await writeFile(join(dir, 'lock'), `${process.pid} 1`);
    const unlock = await lockFolder(dir);
    await unlock();
  });

  it.each([['nonsense'], ['0 0'], ['-1 5'], ['']])('takes over a lock that says %j', async (text) => {
    await writeFile(join(dir, 'lock'), text);
    const unlock = await lockFolder(dir);
    await expect(lockFolder(dir)).rejects.toThrow('in use');
    await unlock();
  });

  it('is had by one of many that find a stale lock at the same time', async () => {
    for (let round = 0; round < 20; round++) {
      await writeFile(join(dir, 'lock'), '999999999 1');
      const taken = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(dir)));
      const unlocks = taken.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      expect(unlocks).toHaveLength(1);
      await unlocks[0]?.();
    }
    expect(await readdir(dir)).toEqual([]);
  });
});
