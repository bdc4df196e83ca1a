/** Details of an item in place, beside the library. */
import { Button, CloseButton, Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { LoadError } from '../../components/load-error.tsx';
import { Picture } from '../../components/picture.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { FactList } from '../item/fact-list.tsx';
import { ItemActions } from '../item/item-actions.tsx';
import { useItem } from '../item/use-item.ts';
import classes from './library.module.css';

export function DetailsPanel({ id, onClose }: { readonly id: string; onClose(): void }) {
  const { t } = useTranslation();
  const { item, newestJob, result, query } = useItem(id);
  return (
    <aside className={`card ${classes['details']}`} aria-label={t('library.details')}>
      <div className={classes['detailsHead']}>
        <h2>{item?.name ?? t('app.loading')}</h2>
        <CloseButton aria-label={t('app.close')} onClick={onClose} />
      </div>
      {query.isError && <LoadError error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={200} />}
      {item && (
        <>
          <Picture
            sha256={result?.sha256 ?? item.sha256}
            sizePx={340}
            alt={item.name}
            fit="contain"
            className={classes['detailsPicture']}
          />
          {newestJob && <StateBadge state={newestJob.state} />}
          <FactList item={item} />
          <div className={classes['detailsActions']}>
            <Button component={Link} to={`/items/${item.id}`} size="xs">
              {t('library.open')}
            </Button>
            <ItemActions item={item} job={newestJob} result={result} compact />
          </div>
        </>
      )}
    </aside>
  );
}
