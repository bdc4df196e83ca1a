/** An item: its result as the hero, beside it how it was made. */
import { Anchor, Select, Skeleton, Title } from '@mantine/core';
import { IconArrowLeft, IconFileUnknown } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link, useParams, useSearchParams } from 'react-router';
import type { Job } from '../../../contract/item.ts';
import { Empty } from '../../components/empty.tsx';
import { LoadError } from '../../components/load-error.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { useFormat } from '../../format.ts';
import { HubError } from '../../hub.ts';
import { viewerFor } from '../../viewers/index.tsx';
import { Evidence } from './evidence.tsx';
import classes from './item.module.css';
import { ItemActions } from './item-actions.tsx';
import { ProvenanceCard } from './provenance-card.tsx';
import { RunStatus } from './run-status.tsx';
import { useItem } from './use-item.ts';

export function ItemPage() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const [params, setParams] = useSearchParams();
  const { query, item, jobs, newestJob, result } = useItem(id, params.get('run'));

  if (query.isError && item === undefined) {
    const gone = query.error instanceof HubError && ['not_found', 'request_invalid'].includes(query.error.code);
    if (!gone) return <LoadError error={query.error} onRetry={() => void query.refetch()} />;
    return (
      <Empty icon={IconFileUnknown} title={t('item.gone')} text={t('error.not_found.hint')}>
        <Anchor component={Link} to="/library">
          {t('item.toLibrary')}
        </Anchor>
      </Empty>
    );
  }
  if (item === undefined) return <Skeleton height={420} mt="md" />;
  const Viewer = viewerFor(item, result);
  return (
    <article className={classes['page']}>
      <Link to="/library" className={classes['back'] ?? ''}>
        <IconArrowLeft size={16} aria-hidden /> {t('app.library')}
      </Link>
      <div className={classes['head']}>
        <Title order={1} className={classes['name'] ?? ''}>
          {item.name}
        </Title>
        {newestJob && <StateBadge state={newestJob.state} />}
        {jobs.length > 1 && (
          <RunChoice
            jobs={jobs}
            chosen={newestJob?.id ?? null}
            onChoose={(run) => setParams(run === null ? {} : { run }, { replace: true })}
          />
        )}
        <div className={classes['actions']}>
          <ItemActions item={item} job={newestJob} result={result} />
        </div>
      </div>
      <div className={classes['body']}>
        <div className={classes['hero']}>
          {newestJob && <RunStatus job={newestJob} />}
          {newestJob && <Evidence job={newestJob} />}
          <Viewer item={item} result={result} />
        </div>
        <ProvenanceCard item={item} job={newestJob} result={result} />
      </div>
    </article>
  );
}

interface RunChoiceProps {
  readonly jobs: readonly Job[];
  readonly chosen: string | null;
  onChoose(id: string | null): void;
}

function RunChoice({ jobs, chosen, onChoose }: RunChoiceProps) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Select
      size="xs"
      aria-label={t('item.runs')}
      className={classes['runs'] ?? ''}
      data={jobs.map((job) => ({ value: job.id, label: t('item.run', { time: format.exact(job.createdAt) }) }))}
      value={chosen}
      allowDeselect={false}
      onChange={onChoose}
    />
  );
}
