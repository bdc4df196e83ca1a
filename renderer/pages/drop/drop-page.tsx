/** The home of the window: the farm's sentence, the drop field, the race, the latest results. */
import { FailureGroups } from '../../components/failure-groups.tsx';
import { OpenBatches } from '../../components/open-batches.tsx';
import { useFailureCount } from '../../components/use-failures.ts';
import { useFarm } from '../../components/use-farm.ts';
import { useObservable } from '../../live/observable.ts';
import { useParts } from '../../parts.ts';
import { Race } from '../../race/race.tsx';
import { UploadCards } from '../../uploads/upload-cards.tsx';
import { DropField } from './drop-field.tsx';
import classes from './drop-page.module.css';
import { FarmSentence } from './farm-sentence.tsx';
import { LatestResults } from './latest-results.tsx';
import { StagedCard } from './staged-card.tsx';

export function DropPage() {
  const { staging } = useParts();
  const staged = useObservable(staging.staged);
  const busy = useFarm((farm) => farm.counts.waiting + farm.counts.running > 0).data ?? false;
  const failures = useFailureCount();
  const isStaged = staged.kind === 'ready' || staged.kind === 'paths';
  return (
    <div className={classes['page']}>
      <FarmSentence />
      <UploadCards />
      {isStaged ? <StagedCard staged={staged} /> : <DropField strip={busy || failures > 0} staged={staged} />}
      {failures > 0 && (
        <section id="failures">
          <FailureGroups />
        </section>
      )}
      <Race />
      <OpenBatches level={2} />
      <LatestResults />
    </div>
  );
}
