/** What waits, grouped by the reason, in sentences. */
import type { Farm } from '../../contract/operations/hub.ts';
import { useReasonSentence } from '../components/use-words.ts';
import { useFormat } from '../format.ts';
import classes from './race.module.css';

export function WaitingGroups({ groups }: { readonly groups: Farm['waiting'] }) {
  const format = useFormat();
  const sentence = useReasonSentence();
  return (
    <ul className={classes['groups']}>
      {groups.map((group) => (
        <li key={`${group.reason}/${group.pipeline}/${group.kind}`}>
          <strong className="figures">{format.number(group.count)}</strong>
          <div>
            <p>{sentence(group.waiting)}</p>
            <small>{group.sample.map((job) => job.item).join(', ')}</small>
          </div>
        </li>
      ))}
    </ul>
  );
}
