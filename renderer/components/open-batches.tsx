/** Drops that are under way: how far each is, how long it takes, why it stands still; pause and resume. */
import { Button, Progress } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Batch } from '../../contract/item.ts';
import { useFormat } from '../format.ts';
import classes from './open-batches.module.css';
import { StateBadge } from './state-badge.tsx';
import { Ago } from './time.tsx';
import { useOpenBatches } from './use-batches.ts';
import { useCommand } from './use-command.ts';
import { useReasonSentence, useStepWord } from './use-words.ts';

/** Nothing when nothing is under way. `level` is that of the heading. */
export function OpenBatches({ level }: { readonly level: 2 | 3 }) {
  const { t } = useTranslation();
  const { batches, total } = useOpenBatches();
  const Heading = `h${level}` as const;
  if (batches.length === 0) return null;
  return (
    <section aria-label={t('batch.title')}>
      <Heading className={classes['title']}>{t('batch.title')}</Heading>
      <ul className={`card ${classes['list']}`}>
        {batches.map((batch) => (
          <BatchRow key={batch.id} batch={batch} />
        ))}
        {total > batches.length && (
          <li className={classes['quiet']}>{t('batch.more', { count: total - batches.length })}</li>
        )}
      </ul>
    </section>
  );
}

function BatchRow({ batch }: { readonly batch: Batch }) {
  const { t } = useTranslation();
  const format = useFormat();
  const sentence = useReasonSentence();
  const { counts, etaMs } = batch;
  const ended = counts.done + counts.failed + counts.cancelled;
  const count = ended + counts.waiting + counts.running;
  const name = useBatchName(batch, count);
  const state = batch.paused ? 'paused' : counts.running > 0 ? 'running' : 'waiting';
  return (
    <li className={classes['row']}>
      <div className={classes['what']}>
        <strong>{name}</strong>
        <StateBadge state={state} />
        <span className={`figures ${classes['quiet']}`}>
          <Ago at={batch.createdAt} />
          {batch.privacy !== 'any' && ` · ${t(`privacy.${batch.privacy}`)}`}
        </span>
      </div>
      <div className={classes['far']}>
        <Progress value={(ended / count) * 100} size="sm" aria-label={name} transitionDuration={180} />
        <span className={`figures ${classes['quiet']}`}>
          {t('batch.far', { done: format.number(ended), total: format.number(count) })}
          {state === 'running' && etaMs !== null && ` · ${t('drop.left', { time: format.duration(etaMs.high) })}`}
        </span>
      </div>
      <PauseButton batch={batch} name={name} />
      {state === 'waiting' && batch.waiting && <p className={classes['why']}>{sentence(batch.waiting)}</p>}
    </li>
  );
}

function useBatchName({ name, pipeline }: Batch, count: number): string {
  const { t } = useTranslation();
  const stepWord = useStepWord();
  return name === '' ? `${stepWord(pipeline)}, ${t('app.items', { count })}` : name;
}

function PauseButton({ batch, name }: { readonly batch: Batch; readonly name: string }) {
  const { t } = useTranslation();
  const operation = batch.paused ? 'resumeBatch' : 'pauseBatch';
  const change = useCommand((client) => client.call(operation, { params: { id: batch.id } }));
  const Shape = batch.paused ? IconPlayerPlay : IconPlayerPause;
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<Shape size={15} aria-hidden />}
      loading={change.isPending}
      aria-label={t(batch.paused ? 'batch.resumeOf' : 'batch.pauseOf', { name })}
      onClick={() => change.mutate(undefined)}
    >
      {t(batch.paused ? 'app.resume' : 'app.pause')}
    </Button>
  );
}
