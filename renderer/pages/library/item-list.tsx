/** The items as pictures or rows, only those in sight drawn; arrow keys move, Enter opens, Space selects. */
import { useElementSize, useMergedRef } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useScroller } from '../../app/layout.tsx';
import type { ItemRow } from '../../live/library-changes.ts';
import { ItemRowLine, TableHead } from './item-row.tsx';
import { ItemTile } from './item-tile.tsx';
import classes from './library.module.css';
import type { Selection } from './use-selection.ts';

export interface ItemListProps {
  readonly rows: readonly ItemRow[];
  readonly layout: 'grid' | 'table';
  readonly selection: Selection;
  readonly openId: string | null;
  onDetails(id: string | null): void;
  onOpen(id: string): void;
  onNearEnd(): void;
}

const tileMinPx = 168;
const gapPx = 16;
const tileTextPx = 50;
const rowPx = 56;
/** Narrower windows have no room for details beside the list. */
const roomForDetailsPx = 900;

/** How the list is laid out at a width. */
function layoutAt(widthPx: number, layout: 'grid' | 'table') {
  if (layout === 'table' || widthPx === 0) return { columns: 1, heightPx: rowPx };
  const columns = Math.max(2, Math.floor((widthPx + gapPx) / (tileMinPx + gapPx)));
  const tilePx = (widthPx - gapPx * (columns - 1)) / columns;
  return { columns, heightPx: Math.round(tilePx * 0.75) + tileTextPx + gapPx };
}

const steps: Readonly<Record<string, (columns: number) => number>> = {
  ArrowLeft: () => -1,
  ArrowRight: () => 1,
  ArrowUp: (columns) => -columns,
  ArrowDown: (columns) => columns,
  PageUp: (columns) => -columns * 4,
  PageDown: (columns) => columns * 4,
  Home: () => Number.NEGATIVE_INFINITY,
  End: () => Number.POSITIVE_INFINITY,
};

export function ItemList(props: ItemListProps) {
  const { rows, layout, selection, onNearEnd } = props;
  const { t } = useTranslation();
  const scroller = useScroller();
  const { ref: sizeRef, width } = useElementSize<HTMLUListElement>();
  const list = useRef<HTMLUListElement>(null);
  const ref = useMergedRef(sizeRef, list);
  const [margin, setMargin] = useState(0);
  const [active, setActive] = useState(0);
  const [keyboard, setKeyboard] = useState(0);
  const { columns, heightPx } = layoutAt(width, layout);
  const lines = Math.ceil(rows.length / columns);

  useLayoutEffect(() => {
    if (list.current === null || scroller.current === null) return;
    const top = list.current.getBoundingClientRect().top - scroller.current.getBoundingClientRect().top;
    setMargin(top + scroller.current.scrollTop);
  }, [scroller]);

  const virtual = useVirtualizer({
    count: lines,
    getScrollElement: () => scroller.current,
    estimateSize: () => heightPx,
    overscan: layout === 'grid' ? 3 : 8,
    scrollMargin: margin,
    scrollPaddingStart: 72,
    scrollPaddingEnd: 24,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are kept by the virtualiser until it is told.
  useEffect(() => virtual.measure(), [heightPx]);

  const items = virtual.getVirtualItems();
  const lastLine = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (lastLine >= lines - 4) onNearEnd();
  }, [lastLine, lines, onNearEnd]);

  const allIds = () => rows.map((row) => row.id);
  const onKey = (event: React.KeyboardEvent) => {
    const row = rows[active];
    if (row === undefined) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'a') {
      event.preventDefault();
      return selection.selectAll(allIds());
    }
    if (event.key === ' ') {
      event.preventDefault();
      return event.shiftKey ? selection.extendTo(row.id, allIds()) : selection.toggle(row.id);
    }
    if (event.key === 'Escape') return selection.ids.size > 0 ? selection.clear() : props.onDetails(null);
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(rows.length - 1, active + step(columns)));
    setActive(next);
    virtual.scrollToIndex(Math.floor(next / columns));
    setKeyboard((count) => count + 1);
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: only a key press moves the focus; drawing again does not.
  useEffect(() => {
    if (keyboard === 0) return;
    const focus = () =>
      list.current?.querySelector<HTMLElement>(`[data-index="${active}"]`)?.focus({ preventScroll: true });
    focus();
    const frame = requestAnimationFrame(focus);
    return () => cancelAnimationFrame(frame);
  }, [keyboard]);

  const act = (row: ItemRow, index: number, event: React.MouseEvent) => {
    event.preventDefault();
    setActive(index);
    if (event.shiftKey) return selection.extendTo(row.id, allIds());
    if (event.ctrlKey || event.metaKey) return selection.toggle(row.id);
    if (width < roomForDetailsPx && props.openId === null) return props.onOpen(row.id);
    if (props.openId === row.id) return props.onOpen(row.id);
    props.onDetails(row.id);
  };

  // Tiles are drawn again only when something of theirs changed, so their handlers stay the same.
  const latest = useRef({ act, onOpen: props.onOpen, toggle: selection.toggle });
  latest.current = { act, onOpen: props.onOpen, toggle: selection.toggle };
  const [handlers] = useState(() => ({
    onAct: (row: ItemRow, index: number, event: React.MouseEvent) => latest.current.act(row, index, event),
    onOpen: (id: string) => latest.current.onOpen(id),
    onToggle: (id: string) => latest.current.toggle(id),
  }));

  const Shape = layout === 'grid' ? ItemTile : ItemRowLine;
  return (
    <div>
      {layout === 'table' && <TableHead />}
      <ul
        ref={ref}
        aria-label={t('library.list')}
        className={classes['list']}
        style={{ height: virtual.getTotalSize() }}
        onKeyDown={onKey}
      >
        {items.flatMap((line) =>
          rows.slice(line.index * columns, (line.index + 1) * columns).map((row, offset) => {
            const index = line.index * columns + offset;
            return (
              <li
                key={row.id}
                className={classes['cell']}
                aria-setsize={rows.length}
                aria-posinset={index + 1}
                style={cellStyle(line.start - margin, line.size, offset, columns, layout)}
              >
                <Shape
                  row={row}
                  index={index}
                  tabbable={index === active}
                  selected={selection.ids.has(row.id)}
                  selecting={selection.ids.size > 0}
                  open={props.openId === row.id}
                  {...handlers}
                />
              </li>
            );
          }),
        )}
      </ul>
    </div>
  );
}

/** Place of a cell in the list: its line from the top, its column from the left. */
function cellStyle(topPx: number, linePx: number, column: number, columns: number, layout: 'grid' | 'table') {
  if (layout === 'table') return { transform: `translateY(${topPx}px)`, height: linePx, width: '100%' };
  const width = `((100% - ${(columns - 1) * gapPx}px) / ${columns})`;
  return {
    left: `calc(${column} * (${width} + ${gapPx}px))`,
    width: `calc${width}`,
    height: linePx - gapPx,
    transform: `translateY(${topPx}px)`,
  };
}
