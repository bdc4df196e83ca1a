/** The head of the channel: how much waits, the next few by name, and why. */
import { Tooltip } from '@mantine/core';
import { IconRipple } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Farm } from '../../contract/operations/hub.ts';
import { useReasonSentence } from '../components/use-words.ts';
import { useFormat } from '../format.ts';
import classes from './race.module.css';

interface ChannelProps {
  readonly groups: Farm['waiting'];
  readonly waiting: number;
}

const namesShown = 3;

export function Channel({ groups, waiting }: ChannelProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const sentence = useReasonSentence();
  const next = groups.flatMap((group) => group.sample).slice(0, namesShown);
  const largest = groups[0];
  if (waiting === 0)
    return (
      <div className={classes['channel']} data-clear>
        <IconRipple size={20} stroke={1.5} aria-hidden />
        <span>{t('race.waitingNone')}</span>
      </div>
    );
  return (
    <div className={classes['channel']}>
      <Link to="/library?state=waiting" className={classes['pond'] ?? ''}>
        <strong>{format.number(waiting)}</strong>
        <span>{t('race.waiting')}</span>
      </Link>
      <ul className={classes['queue']} aria-hidden>
        {next.map((job) => (
          <li key={job.jobId}>{job.item}</li>
        ))}
      </ul>
      {largest && (
        <Tooltip label={sentence(largest.waiting)} multiline maw={320}>
          <p className={classes['why']}>{sentence(largest.waiting)}</p>
        </Tooltip>
      )}
    </div>
  );
}
