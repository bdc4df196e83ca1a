/** One sentence: the state of the farm and what to do next. */
import { Anchor, Button, Skeleton } from '@mantine/core';
import { IconAlertTriangle, IconPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Farm } from '../../../contract/operations/hub.ts';
import { LoadError } from '../../components/load-error.tsx';
import { useOpenBatches } from '../../components/use-batches.ts';
import { useErrorText } from '../../components/use-error-toast.ts';
import { useFarm } from '../../components/use-farm.ts';
import { useFormat } from '../../format.ts';
import classes from './drop-page.module.css';

/** An estimate is told in steps: it is no more exact than that, and should not flicker. */
const etaStepMs = 5_000;

export function FarmSentence() {
  const { data: farm, error, refetch } = useFarm();
  if (farm === undefined && error !== null) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (farm === undefined) return <Skeleton height={36} width="60%" mt={8} />;
  const left = farm.counts.waiting + farm.counts.running;
  const online = farm.nodes.filter((node) => node.state === 'online').length;
  if (online === 0) return <NobodyThere farm={farm} />;
  if (farm.hub.paused) return <Paused left={left} />;
  if (left > 0) return <Working farm={farm} left={left} />;
  if (farm.failures.length > 0) return <Failed farm={farm} />;
  return <Ready online={online} />;
}

function NobodyThere({ farm }: { readonly farm: Farm }) {
  const { t } = useTranslation();
  const none = farm.nodes.length === 0;
  const paused = !none && farm.nodes.every((node) => node.state === 'paused');
  const key = none ? 'noMachines' : 'allSilent';
  return (
    <div className={classes['head']}>
      <h1 className={classes['sentence']}>
        {paused ? (
          t('drop.allPaused')
        ) : (
          <>
            {t(`drop.${key}`)} <span className={classes['next']}>{t(`drop.${key}Next`)}</span>
          </>
        )}
      </h1>
      <Button component={Link} to="/farm?add=1" leftSection={<IconPlus size={16} aria-hidden />}>
        {t('drop.addMachine')}
      </Button>
    </div>
  );
}

function Ready({ online }: { readonly online: number }) {
  const { t } = useTranslation();
  return (
    <div className={classes['head']}>
      <h1 className={classes['sentence']}>
        {t('drop.ready', { count: online })} <span className={classes['next']}>{t('drop.nothingWaiting')}</span>
      </h1>
    </div>
  );
}

/** The longest estimate of the batches that go on. */
function useRemainingMs(): number | null {
  const { batches } = useOpenBatches();
  const estimates = batches.flatMap(({ paused, etaMs }) => (paused || etaMs === null ? [] : [etaMs.high]));
  return estimates.length === 0 ? null : Math.max(...estimates);
}

function Working({ farm, left }: { readonly farm: Farm; readonly left: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const working = farm.nodes.filter((node) => node.running.length > 0).length;
  const remainingMs = useRemainingMs();
  const online = farm.nodes.filter((node) => node.state === 'online').length;
  return (
    <div className={classes['head']}>
      <h1 className={classes['sentence']}>
        {working > 0 ? t('drop.working', { count: working }) : t('drop.ready', { count: online })}{' '}
        <span className={classes['next']}>
          {t('drop.leftItems', { count: left })}{' '}
          {remainingMs !== null &&
            t('drop.left', { time: format.duration(Math.ceil(remainingMs / etaStepMs) * etaStepMs) })}
        </span>
      </h1>
    </div>
  );
}

function Paused({ left }: { readonly left: number }) {
  const { t } = useTranslation();
  return (
    <div className={classes['head']}>
      <h1 className={classes['sentence']}>
        {t('drop.paused')}{' '}
        <span className={classes['next']}>
          {left > 0 ? t('drop.leftItems', { count: left }) : t('drop.nothingWaiting')}
        </span>
      </h1>
    </div>
  );
}

function Failed({ farm }: { readonly farm: Farm }) {
  const { t } = useTranslation();
  const textOf = useErrorText();
  const count = farm.failures.reduce((sum, group) => sum + group.count, 0);
  const codes = [...new Set(farm.failures.map((group) => group.error.code))];
  const only = codes.length === 1 ? codes[0] : undefined;
  const lower = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
  return (
    <div className={classes['head']}>
      <h1 className={classes['sentence']} data-amber>
        <IconAlertTriangle size={26} aria-hidden className={classes['alert']} />
        <span>
          {only !== undefined
            ? t('drop.failedSame', { count, cause: lower(textOf(only).title) })
            : t('drop.failedMany', { count, causes: codes.length })}
        </span>
      </h1>
      <Anchor
        href="#failures"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('failures')?.scrollIntoView({ block: 'start' });
          document.querySelector<HTMLElement>('#failures button')?.focus();
        }}
      >
        {t('drop.showThem')}
      </Anchor>
    </div>
  );
}
