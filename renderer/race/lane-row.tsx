/** One lane: the machine's wheel and name, its water with the items that ride on it, how many it has done. */
import { IconCloudOff, IconPlayerPause } from '@tabler/icons-react';
import { memo, useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Node } from '../../contract/operations/nodes.ts';
import { BrandMark } from '../app/brand-mark.tsx';
import { machineWord } from '../components/machine-word.ts';
import { useStepWord } from '../components/use-words.ts';
import { useFormat } from '../format.ts';
import { useObservable } from '../live/observable.ts';
import type { Leaving } from '../live/traffic.ts';
import { useParts } from '../parts.ts';
import { layLane, type Rider } from './lane-slots.ts';
import classes from './race.module.css';

interface LaneRowProps {
  readonly node: Node;
  readonly rows: number;
  readonly allPaused: boolean;
}

const none: readonly Leaving[] = [];

export const LaneRow = memo(function LaneRow({ node, rows, allPaused }: LaneRowProps) {
  const { t } = useTranslation();
  const { traffic } = useParts();
  const leaving = useObservable(traffic.leaving).get(node.id) ?? none;
  const before = useRef<ReadonlyMap<string, number>>(new Map());
  const lane = useMemo(() => layLane(before.current, node.running, leaving, rows), [node.running, leaving, rows]);
  useEffect(() => {
    before.current = new Map(lane.riders.map((rider) => [rider.attemptId, rider.row]));
  }, [lane]);
  const working = node.running.length > 0;
  const word = machineWord(node, allPaused);
  const quiet = word === 'silent' || word === 'paused';
  return (
    <div className={classes['lane']} data-quiet={quiet || undefined}>
      <div className={classes['machine']}>
        <BrandMark size={26} turning={working} />
        <span className={classes['name']} title={node.name}>
          {node.name}
        </span>
      </div>
      <div className={classes['water']} data-working={working || undefined} data-crowded={lane.hidden > 0 || undefined}>
        {lane.riders.map((rider) => (
          <RiderChip key={rider.attemptId} rider={rider} rows={rows} />
        ))}
        {!working && leaving.length === 0 && (
          <span className={classes['rest']}>
            {word === 'silent' && <IconCloudOff size={14} />}
            {word === 'paused' && <IconPlayerPause size={14} />}
            {word === 'online' ? t('race.free') : t(`farm.${word}`)}
          </span>
        )}
        {lane.hidden > 0 && <span className={classes['hidden']}>{t('race.more', { count: lane.hidden })}</span>}
      </div>
      <div className={`figures ${classes['figures']}`}>{t('race.doneCount', { count: node.done })}</div>
    </div>
  );
});

const RiderChip = memo(function RiderChip({ rider, rows }: { readonly rider: Rider; readonly rows: number }) {
  const format = useFormat();
  const stepWord = useStepWord();
  const share = rider.share ?? 0.02;
  const style = {
    '--share': String(rider.leaving ? 1 : share),
    top: `calc(${((rider.row + 0.5) / rows) * 100}% - 12px)`,
  } as React.CSSProperties;
  return (
    <div className={classes['carrier']} style={style} data-rider={rider.item} data-leaving={rider.leaving || undefined}>
      <span className={classes['chip']}>
        <span className={classes['item']}>{rider.item}</span>
        <span className={`figures ${classes['how']}`}>
          {stepWord(rider.kind)}
          {rider.share !== null && !rider.leaving && ` ${format.percent(rider.share)}`}
          {rider.etaMs !== null && !rider.leaving && rider.etaMs >= 1_000 && ` · ${format.duration(rider.etaMs)}`}
        </span>
      </span>
    </div>
  );
});
