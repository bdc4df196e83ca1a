/** Finds the stage processes of a running hub, so that a test can kill them as a crash would. Linux only. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

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

/** True while the process reads a file of the hub's blob store. */
export function hasBlobOpen(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).includes('/blobs/'));
  } catch {
    return false;
  }
}
