/**
 * The race: the channel with what waits, one lane a machine, items riding along it. Drawn from events only. The drawing is
 * for the eye; a table beside it says the same to a screen reader.
 */
import { useTranslation } from 'react-i18next';
import { useFarm } from '../components/use-farm.ts';
import { Channel } from './channel.tsx';
import { Lanes } from './lanes.tsx';
import classes from './race.module.css';
import { RaceTable } from './race-table.tsx';

export function Race() {
  const { t } = useTranslation();
  const { data: farm } = useFarm();
  if (farm === undefined || farm.nodes.length === 0) return null;
  const { waiting, running, done } = farm.counts;
  // An item whose second step waits counts as at work, yet it lies in the channel.
  const inChannel = farm.waiting.reduce((sum, group) => sum + group.count, 0);
  return (
    <section aria-labelledby="race">
      <div className={classes['head']}>
        <h2 id="race">{t('race.title')}</h2>
        <p className={`figures ${classes['counts']}`}>
          <span>{t('race.countWaiting', { count: waiting })}</span>
          <span>{t('race.countWorking', { count: running })}</span>
          <span>{t('race.doneCount', { count: done })}</span>
        </p>
      </div>
      <div className={`card ${classes['race']}`} data-many={farm.nodes.length > 8 || undefined}>
        <Channel groups={farm.waiting} waiting={inChannel} />
        <Lanes nodes={farm.nodes} flowing={waiting + running > 0} allPaused={farm.hub.paused} />
      </div>
      <RaceTable />
    </section>
  );
}
