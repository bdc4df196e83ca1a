/** The lanes of all machines; only those in sight are drawn when there are many. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import type { Node } from '../../contract/operations/nodes.ts';
import { LaneRow } from './lane-row.tsx';
import classes from './race.module.css';

interface LanesProps {
  readonly nodes: readonly Node[];
  readonly flowing: boolean;
  readonly allPaused: boolean;
}

/** Up to so many machines each get rows for all that they do at once. */
const fewMachines = 2;
const rowHeightPx = 27;
const lanePaddingPx = 15;
/** The race never takes more of the page than this; the rest scrolls. */
const mostHeightPx = 274;

/** Rows of a lane: what the machine can do at once, within reason, so that its height does not change with the work. */
function rowsOf(node: Node, machines: number): number {
  if (machines > fewMachines) return 1;
  const most = Math.max(1, ...node.capability.kinds.map((kind) => kind.concurrency));
  return Math.min(most, 2);
}

/** This machine first, then those within reach, then by name; steady while work comes and goes. */
function sorted(nodes: readonly Node[]): readonly Node[] {
  const rank = (node: Node) => (node.state === 'online' ? 0 : 1);
  return nodes.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      Number(b.local) - Number(a.local) ||
      a.name.localeCompare(b.name, undefined, { numeric: true }),
  );
}

export function Lanes({ nodes, flowing, allPaused }: LanesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const ordered = useMemo(() => sorted(nodes), [nodes]);
  const heightOf = (index: number) => {
    const node = ordered[index];
    return (node === undefined ? 1 : rowsOf(node, ordered.length)) * rowHeightPx + lanePaddingPx;
  };
  const virtual = useVirtualizer({
    count: ordered.length,
    getScrollElement: () => scroller.current,
    estimateSize: heightOf,
    overscan: 4,
    getItemKey: (index) => ordered[index]?.id ?? index,
  });
  return (
    <div
      className={classes['lanes']}
      ref={scroller}
      aria-hidden
      data-lanes
      data-flowing={flowing || undefined}
      style={{ height: Math.min(mostHeightPx, virtual.getTotalSize()) }}
    >
      <div className={classes['bed']} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, size, key }) => {
          const node = ordered[index];
          if (node === undefined) return null;
          return (
            <div key={key} className={classes['place']} style={{ transform: `translateY(${start}px)`, height: size }}>
              <LaneRow node={node} rows={rowsOf(node, ordered.length)} allPaused={allPaused} />
            </div>
          );
        })}
      </div>
    </div>
  );
}
