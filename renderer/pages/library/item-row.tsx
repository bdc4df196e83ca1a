/** An item as a row of the table, and the table's head. */
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { Picture } from '../../components/picture.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { Ago } from '../../components/time.tsx';
import { useFormat } from '../../format.ts';
import type { ItemShapeProps } from './item-tile.tsx';
import classes from './library.module.css';

export function TableHead() {
  const { t } = useTranslation();
  return (
    <div className={classes['tableHead']} aria-hidden>
      <span />
      <span />
      <span>{t('library.name')}</span>
      <span>{t('library.state')}</span>
      <span className={classes['wide']}>{t('library.dimensions')}</span>
      <span className={classes['wide']}>{t('library.size')}</span>
      <span className={classes['wide']}>{t('library.added')}</span>
    </div>
  );
}

export const ItemRowLine = memo(function ItemRowLine(props: ItemShapeProps) {
  const { row, index, selected } = props;
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className={classes['row']} data-selected={selected || undefined} data-open={props.open || undefined}>
      <input
        type="checkbox"
        className={classes['box']}
        tabIndex={-1}
        checked={selected}
        aria-label={t('library.select', { name: row.name })}
        onChange={() => props.onToggle(row.id)}
      />
      <a
        href={`#/items/${row.id}`}
        data-index={index}
        tabIndex={props.tabbable ? 0 : -1}
        className={classes['rowLink']}
        draggable={false}
        onClick={(event) => (event.detail === 0 ? undefined : props.onAct(row, index, event))}
        onDoubleClick={() => props.onOpen(row.id)}
      >
        <Picture sha256={row.thumbnail} sizePx={56} alt="" className={classes['rowPicture']} />
        <span className={classes['rowName']}>{row.name}</span>
        <span>{row.jobState !== null && <StateBadge state={row.jobState} />}</span>
        <span className={`figures ${classes['wide']}`}>
          {row.width !== null && row.height !== null && `${row.width} × ${row.height}`}
        </span>
        <span className={`figures ${classes['wide']}`}>{format.bytes(row.sizeBytes)}</span>
        <span className={classes['wide']}>
          <Ago at={row.createdAt} />
        </span>
      </a>
    </div>
  );
});
