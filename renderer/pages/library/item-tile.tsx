/** An item as a picture with its name and state. */
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { Picture } from '../../components/picture.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { useFormat } from '../../format.ts';
import type { ItemRow } from '../../live/library-changes.ts';
import classes from './library.module.css';

export interface ItemShapeProps {
  readonly row: ItemRow;
  readonly index: number;
  /** One item at a time is reached by Tab; arrows do the rest. */
  readonly tabbable: boolean;
  readonly selected: boolean;
  readonly selecting: boolean;
  readonly open: boolean;
  onAct(row: ItemRow, index: number, event: React.MouseEvent): void;
  onOpen(id: string): void;
  onToggle(id: string): void;
}

export const ItemTile = memo(function ItemTile(props: ItemShapeProps) {
  const { row, index, selected } = props;
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div
      className={classes['tile']}
      data-selected={selected || undefined}
      data-open={props.open || undefined}
      data-selecting={props.selecting || undefined}
    >
      <a
        href={`#/items/${row.id}`}
        data-index={index}
        tabIndex={props.tabbable ? 0 : -1}
        className={classes['tileLink']}
        draggable={false}
        onClick={(event) => (event.detail === 0 ? undefined : props.onAct(row, index, event))}
        onDoubleClick={() => props.onOpen(row.id)}
      >
        <Picture sha256={row.thumbnail} sizePx={240} alt="" className={classes['tilePicture']} />
        {row.jobState !== null && row.jobState !== 'done' && (
          <span className={classes['tileState']}>
            <StateBadge state={row.jobState} onPicture />
          </span>
        )}
        <span className={classes['tileName']} title={row.name}>
          {row.name}
        </span>
        <span className={`figures ${classes['tileFacts']}`}>
          {row.width !== null && row.height !== null && `${row.width} × ${row.height} · `}
          {format.bytes(row.sizeBytes)}
        </span>
      </a>
      <input
        type="checkbox"
        className={classes['tick']}
        tabIndex={-1}
        checked={selected}
        aria-label={t('library.select', { name: row.name })}
        onChange={() => props.onToggle(row.id)}
      />
    </div>
  );
});
