/** The library: filters, pictures or a table, selection with what can be done to it, details in place. */
import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { IconLayoutGrid, IconLibraryPhoto, IconList, IconPhotoSearch } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { Empty } from '../../components/empty.tsx';
import { LoadError } from '../../components/load-error.tsx';
import { useObservable } from '../../live/observable.ts';
import { useParts } from '../../parts.ts';
import { DetailsPanel } from './details-panel.tsx';
import { FilterChips } from './filter-chips.tsx';
import { ItemList } from './item-list.tsx';
import classes from './library.module.css';
import { type LibraryView, useLibraryView } from './library-filter.ts';
import { SelectionBar } from './selection-bar.tsx';
import { useItems } from './use-items.ts';
import { useSelection } from './use-selection.ts';

export function LibraryPage() {
  const { t } = useTranslation();
  const view = useLibraryView();
  const { query, rows, total } = useItems(view.filter);
  const selection = useSelection();
  const navigate = useNavigate();

  return (
    <div className={classes['page']}>
      <div className={classes['head']}>
        <h1 className={classes['title']}>{t('library.title')}</h1>
        <span className={`figures ${classes['total']}`}>{query.data && t('library.total', { count: total })}</span>
        <FreshItems onShow={() => void query.refetch()} />
        <LayoutSwitch view={view} />
      </div>
      <FilterChips view={view} />
      <div className={classes['body']} data-details={view.itemId !== null || undefined}>
        <div className={classes['content']}>
          {query.isPending && <LoadingGrid />}
          {query.isError && rows.length === 0 && <LoadError error={query.error} onRetry={() => void query.refetch()} />}
          {query.data && rows.length === 0 && <Nothing view={view} />}
          {rows.length > 0 && (
            <ItemList
              rows={rows}
              layout={view.layout}
              selection={selection}
              openId={view.itemId}
              onDetails={view.setItem}
              onOpen={(id) => void navigate(`/items/${id}`)}
              onNearEnd={() => {
                if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
              }}
            />
          )}
        </div>
        {view.itemId !== null && <DetailsPanel id={view.itemId} onClose={() => view.setItem(null)} />}
      </div>
      {selection.ids.size > 0 && <SelectionBar selection={selection} />}
    </div>
  );
}

function LayoutSwitch({ view }: { readonly view: LibraryView }) {
  const { t } = useTranslation();
  return (
    <SegmentedControl
      className={classes['layout'] ?? ''}
      aria-label={t('library.view')}
      size="xs"
      value={view.layout}
      onChange={view.setLayout}
      data={[
        {
          value: 'grid',
          label: <LayoutLabel icon={<IconLayoutGrid size={15} aria-hidden />} text={t('library.grid')} />,
        },
        { value: 'table', label: <LayoutLabel icon={<IconList size={15} aria-hidden />} text={t('library.table')} /> },
      ]}
    />
  );
}

function LayoutLabel({ icon, text }: { readonly icon: React.ReactNode; readonly text: string }) {
  return (
    <span className={classes['layoutLabel']}>
      {icon}
      {text}
    </span>
  );
}

/** Offers to read a long library anew; a short one does it by itself. */
function FreshItems({ onShow }: { onShow(): void }) {
  const { t } = useTranslation();
  const { live } = useParts();
  const count = useObservable(live.freshItems);
  if (count === 0) return null;
  return (
    <Button
      size="compact-sm"
      variant="light"
      onClick={() => {
        live.freshItems.set(0);
        onShow();
      }}
    >
      {t('library.fresh', { count })}
    </Button>
  );
}

const skeletons = 'abcdefghijkl'.split('');

function LoadingGrid() {
  return (
    <div className={classes['skeletons']} aria-hidden>
      {skeletons.map((name) => (
        <Skeleton key={name} height={150} />
      ))}
    </div>
  );
}

function Nothing({ view }: { readonly view: LibraryView }) {
  const { t } = useTranslation();
  const filtered = view.filter.state !== undefined || view.filter.text !== undefined;
  return filtered ? (
    <Empty icon={IconPhotoSearch} title={t('library.noneTitle')} text={t('library.noneText')}>
      <Button variant="default" onClick={view.showAll}>
        {t('library.noneAction')}
      </Button>
    </Empty>
  ) : (
    <Empty icon={IconLibraryPhoto} title={t('library.emptyTitle')} text={t('library.emptyText')}>
      <Button component={Link} to="/">
        {t('library.emptyAction')}
      </Button>
    </Empty>
  );
}
