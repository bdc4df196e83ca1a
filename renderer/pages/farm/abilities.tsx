/** What a machine can do and how fast; and what it is set aside for, why, and giving it another chance. */
import { Button } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Node } from '../../../contract/operations/nodes.ts';
import { useErrorText } from '../../components/use-error-toast.ts';
import { useStepWord } from '../../components/use-words.ts';
import { useFormat } from '../../format.ts';
import classes from './farm.module.css';
import { useUseAgain } from './use-machine.ts';

export function Abilities({ node }: { readonly node: Node }) {
  const { t } = useTranslation();
  const format = useFormat();
  const stepWord = useStepWord();
  const benchOf = (kind: string) => node.benched.find((bench) => bench.kind === kind);
  return (
    <ul className={classes['abilities']} aria-label={t('farm.can')}>
      {node.capability.kinds.map(({ kind, engine, concurrency }) => {
        const speedMs = node.speedMs[kind];
        const bench = benchOf(kind);
        return (
          <li key={kind} title={engine}>
            <span>{stepWord(kind)}</span>
            <span className={`figures ${classes['quiet']}`}>
              {speedMs === undefined ? t('farm.notYet') : t('farm.at', { time: format.duration(speedMs) })} · ×
              {concurrency}
            </span>
            {bench && <Benched node={node} bench={bench} />}
          </li>
        );
      })}
    </ul>
  );
}

interface BenchedProps {
  readonly node: Node;
  readonly bench: Node['benched'][number];
}

function Benched({ node, bench }: BenchedProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const stepWord = useStepWord();
  const again = useUseAgain(node);
  const { title } = useErrorText()(bench.error.code);
  return (
    <div className={classes['benched']}>
      <p>
        <IconAlertTriangle size={15} aria-hidden /> <strong>{t('farm.benched')}</strong> {title}.{' '}
        {t('farm.benchedNext', { time: format.clock(bench.nextCheckAt) })}
      </p>
      <Button
        size="compact-sm"
        variant="default"
        loading={again.isPending}
        aria-label={t('farm.useAgainFor', { step: stepWord(bench.kind), name: node.name })}
        onClick={() => again.mutate(bench.kind)}
      >
        {t('farm.useAgain')}
      </Button>
      <details className={classes['benchedWhy']}>
        <summary>{t('failure.said')}</summary>
        <span className="mono">{bench.error.message}</span>
      </details>
    </div>
  );
}
