/** A small history: steps that a machine finished, as seen by this window. */
import { useTranslation } from 'react-i18next';
import { useObservable } from '../../live/observable.ts';
import { historyBuckets } from '../../live/traffic.ts';
import { useParts } from '../../parts.ts';
import classes from './farm.module.css';

const heightPx = 24;

export function History({ nodeId }: { readonly nodeId: string }) {
  const { t } = useTranslation();
  const { traffic } = useParts();
  const counts = useObservable(traffic.history).get(nodeId);
  if (counts === undefined || counts.every((count) => count === 0)) return null;
  const most = Math.max(...counts);
  return (
    <svg
      className={classes['history']}
      viewBox={`0 0 ${historyBuckets * 4} ${heightPx}`}
      role="img"
      aria-label={t('farm.history')}
    >
      <title>{t('farm.history')}</title>
      {counts.map((count, index) => {
        const height = count === 0 ? 1 : Math.max(2, (count / most) * heightPx);
        // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place in time.
        return <rect key={index} x={index * 4} y={heightPx - height} width={3} height={height} rx={1} />;
      })}
    </svg>
  );
}
