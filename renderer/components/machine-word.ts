/** A machine's state as the one word that people see of it. */
import type { Node } from '../../contract/operations/nodes.ts';

export type MachineWord = 'online' | 'working' | 'finishing' | 'silent' | 'paused';

/** @param allPaused all work is paused: then nobody is free */
export function machineWord(node: Node, allPaused: boolean): MachineWord {
  const works = node.running.length > 0;
  if (node.state === 'silent') return 'silent';
  if (node.state === 'paused') return works ? 'finishing' : 'paused';
  if (works) return 'working';
  return allPaused ? 'paused' : 'online';
}
