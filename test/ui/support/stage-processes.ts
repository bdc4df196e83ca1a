/** Finds the stage processes of a running hub, so that a test can kill them as a crash would. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

/** Process ids of the stage processes below a process. */
export function stageProcesses(root: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      parents.set(Number(entry), Number(/PPid:\s*(\d+)/.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === root || isBelow(parent));
  };
  return [...parents.keys()].filter((pid) => {
    try {
      return isBelow(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('stage-process');
    } catch {
      return false;
    }
  });
}
