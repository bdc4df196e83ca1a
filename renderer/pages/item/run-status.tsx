/** What an item's run is doing when it is not simply done: waiting and why, at work, or failed with what to do. */
import { Progress } from '@mantine/core';
import { IconAlertTriangle, IconClock, IconPlayerPause } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Job } from '../../../contract/item.ts';
import { useErrorText } from '../../components/use-error-toast.ts';
import { useReasonSentence, useStepWord } from '../../components/use-words.ts';
import classes from './item.module.css';

export function RunStatus({ job }: { readonly job: Job }) {
  const nobody = job.nodes.length === 0 && job.waiting !== undefined;
  if (job.state === 'waiting' || job.state === 'paused' || (job.state === 'running' && nobody))
    return <Waits job={job} />;
  if (job.state === 'running') return <Works job={job} />;
  if (job.error && (job.state === 'failed' || job.state === 'quarantined')) return <Failed error={job.error} />;
  return null;
}

function Waits({ job }: { readonly job: Job }) {
  const { t } = useTranslation();
  const sentence = useReasonSentence();
  const Shape = job.state === 'paused' ? IconPlayerPause : IconClock;
  return (
    <p className={classes['status']}>
      <Shape size={18} aria-hidden /> {job.waiting ? sentence(job.waiting) : t('item.waiting')}
    </p>
  );
}

/** Steps done count whole, the step at work by its own share. */
function shareOf(job: Job): number {
  const progress = job.nodes[0]?.progress;
  const part = progress?.total ? progress.done / progress.total : 0;
  return Math.min(0.99, (job.stages.done + part) / Math.max(1, job.stages.total));
}

function Works({ job }: { readonly job: Job }) {
  const { t } = useTranslation();
  const stepWord = useStepWord();
  const first = job.nodes[0];
  const text = first ? t('item.working', { machine: first.nodeName }) : t('state.running');
  return (
    <div className={classes['status']} data-tone="water">
      <span>
        {text} {first && stepWord(first.stageKind)}
      </span>
      <Progress
        value={shareOf(job) * 100}
        size="sm"
        className={classes['grow'] ?? ''}
        aria-label={text}
        transitionDuration={180}
      />
    </div>
  );
}

function Failed({ error }: { readonly error: NonNullable<Job['error']> }) {
  const { title, hint } = useErrorText()(error.code);
  const { t } = useTranslation();
  const stepWord = useStepWord();
  return (
    <div className={classes['status']} data-tone="red">
      <IconAlertTriangle size={20} aria-hidden />
      <div>
        <strong>{title}.</strong> {hint}
        <div className={classes['where']}>
          {error.stageKind && t('failure.at', { step: stepWord(error.stageKind) })}{' '}
          {error.nodeName && t('failure.on', { machine: error.nodeName })}
        </div>
        <details className={classes['said']}>
          <summary>{t('failure.said')}</summary>
          <span className="mono">{error.message}</span>
        </details>
      </div>
    </div>
  );
}
