/** How a result came to be: files and hashes, machine, engine, parameters, time of each step, tries. */
import { Skeleton, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { z } from 'zod';
import type { Artifact, Attempt, Item, Job, JobDetail, Stage } from '../../../contract/item.ts';
import { StateBadge } from '../../components/state-badge.tsx';
import { useErrorText } from '../../components/use-error-toast.ts';
import { useStepWord } from '../../components/use-words.ts';
import { type Format, useFormat } from '../../format.ts';
import { catalogue } from '../../messages/index.ts';
import { Fact, FactList, Hash } from './fact-list.tsx';
import classes from './item.module.css';
import { useJob } from './use-item.ts';

interface ProvenanceCardProps {
  readonly item: Item;
  readonly job: Job | undefined;
  readonly result: Artifact | undefined;
}

export function ProvenanceCard({ item, job, result }: ProvenanceCardProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const { data: detail } = useJob(job?.id);
  return (
    <aside className={`card ${classes['provenance']}`} aria-label={t('item.provenance')}>
      <section>
        <Title order={2} size="h3">
          {t('item.input')}
        </Title>
        <FactList item={item} />
      </section>
      {result && (
        <section>
          <Title order={2} size="h3">
            {t('item.result')}
          </Title>
          <dl className={classes['facts']}>
            <Fact label={t('library.name')}>{result.name}</Fact>
            <Fact label={t('item.bytes')}>{format.bytes(result.sizeBytes)}</Fact>
            <Fact label={t('item.hash')}>
              <Hash value={result.sha256} />
            </Fact>
          </dl>
        </section>
      )}
      {job && (
        <section>
          <Title order={2} size="h3">
            {t('item.steps')}
          </Title>
          {job.privacy !== 'any' && (
            <dl className={classes['facts']}>
              <Fact label={t('drop.privacy')}>{t(`privacy.${job.privacy}`)}</Fact>
            </dl>
          )}
          {detail === undefined ? <Skeleton height={60} /> : <Steps detail={detail} />}
        </section>
      )}
      {detail && <Parameters detail={detail} />}
    </aside>
  );
}

type KnownOption = keyof typeof catalogue.watermark;
const isKnownOption = (key: string): key is KnownOption => Object.hasOwn(catalogue.watermark, key);
const fileOption = z.object({ sha256: z.string() });

/** A number with the unit that its option has. */
function numberText(format: Format, key: string, value: number): string {
  if (key === 'opacity') return format.percent(value);
  if (key === 'size') return format.percent(value / 100);
  return key === 'padding' ? `${format.number(value)} px` : format.number(value);
}

function Parameters({ detail }: { readonly detail: JobDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const textOf = (key: string, value: unknown): React.ReactNode => {
    const file = fileOption.safeParse(value);
    if (file.success) return <Hash value={file.data.sha256} />;
    if (value === null) return t('item.usual');
    if (typeof value === 'boolean') return t(value ? 'item.yes' : 'item.no');
    if (typeof value === 'number') return numberText(format, key, value);
    const text = String(value);
    return isKnownOption(text) ? t(`watermark.${text}`) : text;
  };
  const entries = Object.entries(detail.options);
  if (entries.length === 0) return null;
  return (
    <section>
      <Title order={2} size="h3">
        {t('item.parameters')}
      </Title>
      <dl className={classes['facts']}>
        {entries.map(([key, value]) => (
          <Fact key={key} label={isKnownOption(key) ? t(`watermark.${key}`) : key}>
            {textOf(key, value)}
          </Fact>
        ))}
      </dl>
    </section>
  );
}

function Steps({ detail }: { readonly detail: JobDetail }) {
  return (
    <ol className={classes['steps']}>
      {detail.stageList.map((stage) => (
        <Step key={stage.id} stage={stage} />
      ))}
    </ol>
  );
}

function Step({ stage }: { readonly stage: Stage }) {
  const { t } = useTranslation();
  const format = useFormat();
  const stepWord = useStepWord();
  const last = stage.attempts.at(-1);
  const took = last?.processingMs;
  return (
    <li className={classes['step']} data-state={stage.state}>
      <div className={classes['stepHead']}>
        <strong>{stepWord(stage.kind)}</strong>
        <StateBadge state={stage.state} />
        <span className={`figures ${classes['took']}`}>
          {stage.cached ? t('item.reused') : took != null && format.duration(took)}
        </span>
      </div>
      <div className={classes['stepFacts']}>
        {last && <span>{last.nodeName}</span>}
        {stage.engine && <span>{stage.engine}</span>}
        <span>{t('item.version', { version: stage.codeVersion })}</span>
        {last?.peakMemoryBytes != null && <span>{t('item.memory', { size: format.bytes(last.peakMemoryBytes) })}</span>}
      </div>
      {(stage.attempts.length > 1 || last?.error) && <Tries attempts={stage.attempts} />}
    </li>
  );
}

function Tries({ attempts }: { readonly attempts: readonly Attempt[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const textOf = useErrorText();
  return (
    <details className={classes['tries']}>
      <summary>{t('item.tries', { count: attempts.length })}</summary>
      <ol>
        {attempts.map((attempt) => (
          <li key={attempt.id}>
            {t('item.try', { number: attempt.number })}, {attempt.nodeName}: <StateBadge state={attempt.state} />{' '}
            {attempt.processingMs !== null && format.duration(attempt.processingMs)}
            {attempt.error && <div className={classes['where']}>{textOf(attempt.error.code).title}</div>}
          </li>
        ))}
      </ol>
    </details>
  );
}
