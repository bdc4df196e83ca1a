/** What speaks for and against a file that failed: each try with its machine, error, last lines, and the machine's own test. */
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { Failure } from '../../../contract/errors.ts';
import type { Attempt, Job, JobDetail } from '../../../contract/item.ts';
import { StateBadge } from '../../components/state-badge.tsx';
import { Ago } from '../../components/time.tsx';
import { useErrorText } from '../../components/use-error-toast.ts';
import { useStepWord } from '../../components/use-words.ts';
import classes from './item.module.css';
import { useJob } from './use-item.ts';

interface FailedTry {
  readonly kind: string;
  readonly attempt: Attempt;
  readonly error: Failure;
}

const failedTries = ({ stageList }: JobDetail): readonly FailedTry[] =>
  stageList.flatMap(({ kind, attempts }) =>
    attempts.flatMap((attempt) => (attempt.error ? [{ kind, attempt, error: attempt.error }] : [])),
  );

/** Nothing for a run that did not fail, or never reached a machine. */
export function Evidence({ job }: { readonly job: Job }) {
  const { t } = useTranslation();
  const id = useId();
  const { data: detail } = useJob(job.id);
  const tries = detail === undefined ? [] : failedTries(detail);
  if ((job.state !== 'failed' && job.state !== 'quarantined') || tries.length === 0) return null;
  return (
    <section className={`card ${classes['evidence']}`} aria-labelledby={id}>
      <h2 id={id}>{t('evidence.title')}</h2>
      <ol>
        {tries.map((each, index) => (
          <Try key={each.attempt.id} failed={each} open={index === tries.length - 1} />
        ))}
      </ol>
    </section>
  );
}

function Try({ failed: { kind, attempt, error }, open }: { readonly failed: FailedTry; readonly open: boolean }) {
  const { t } = useTranslation();
  const stepWord = useStepWord();
  const { title } = useErrorText()(error.code);
  return (
    <li>
      <div className={classes['tryHead']}>
        <strong>{t('evidence.try', { step: stepWord(kind), machine: attempt.nodeName })}</strong>
        <StateBadge state={attempt.state} />
        {attempt.finishedAt !== null && (
          <span className={classes['took']}>
            <Ago at={attempt.finishedAt} />
          </span>
        )}
      </div>
      <p>
        {title}. <span className={`mono ${classes['where']}`}>{error.message}</span>
      </p>
      <OwnTest outcome={error.details?.['check']} />
      {error.log !== undefined && error.log.trim() !== '' && (
        <details className={classes['said']} open={open}>
          <summary>{t('evidence.lastLines')}</summary>
          <pre className="mono">{error.log.trim()}</pre>
        </details>
      )}
    </li>
  );
}

/** What the machine's known-answer check said right after; nothing where the step has none. */
function OwnTest({ outcome }: { readonly outcome: unknown }) {
  const { t } = useTranslation();
  if (outcome !== 'passed' && outcome !== 'failed') return null;
  const Shape = outcome === 'passed' ? IconCircleCheck : IconAlertTriangle;
  return (
    <p className={classes['ownTest']} data-outcome={outcome}>
      <Shape size={15} aria-hidden /> {t(`evidence.${outcome}`)}
    </p>
  );
}
