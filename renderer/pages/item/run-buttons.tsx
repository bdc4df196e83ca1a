/** What can be done with a run, by its state: pause, resume, stop, try again, run again. */
import { Button } from '@mantine/core';
import {
  type Icon,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconRefresh,
  IconRotateClockwise,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { finalJobStates, type Item, type Job } from '../../../contract/item.ts';
import { useCommand } from '../../components/use-command.ts';
import { useRunAgain } from '../../components/use-run-again.ts';

type Size = 'xs' | 'sm';

interface RunButtonsProps {
  readonly item: Item;
  readonly job: Job | undefined;
  readonly size: Size;
}

export function RunButtons({ item, job, size }: RunButtonsProps) {
  const { t } = useTranslation();
  if (job === undefined || job.state === 'done' || job.state === 'cancelled')
    return <RunAgain item={item} job={job} size={size} />;
  if (finalJobStates.includes(job.state))
    return <JobButton job={job} command="retryJob" icon={IconRefresh} label={t('app.retry')} size={size} filled />;
  return (
    <>
      {job.state === 'paused' ? (
        <JobButton job={job} command="resumeJob" icon={IconPlayerPlay} label={t('app.resume')} size={size} filled />
      ) : (
        <JobButton job={job} command="pauseJob" icon={IconPlayerPause} label={t('app.pause')} size={size} />
      )}
      <JobButton job={job} command="cancelJob" icon={IconPlayerStop} label={t('item.stop')} size={size} />
    </>
  );
}

interface JobButtonProps {
  readonly job: Job;
  readonly command: 'retryJob' | 'cancelJob' | 'pauseJob' | 'resumeJob';
  readonly icon: Icon;
  readonly label: string;
  readonly size: Size;
  readonly filled?: boolean;
}

function JobButton({ job, command, icon: Shape, label, size, filled = false }: JobButtonProps) {
  const change = useCommand((client) => client.call(command, { params: { id: job.id } }));
  return (
    <Button
      size={size}
      variant={filled ? 'filled' : 'default'}
      leftSection={<Shape size={16} aria-hidden />}
      loading={change.isPending}
      onClick={() => change.mutate(undefined)}
    >
      {label}
    </Button>
  );
}

/** What may not leave this machine does not leave it the second time either. */
function RunAgain({ item, job, size }: RunButtonsProps) {
  const { t } = useTranslation();
  const runAgain = useRunAgain();
  return (
    <Button
      size={size}
      variant="default"
      leftSection={<IconRotateClockwise size={16} aria-hidden />}
      loading={runAgain.isPending}
      onClick={() => runAgain.mutate({ itemIds: [item.id], ...(job && { privacy: job.privacy }) })}
    >
      {t('item.runAgain')}
    </Button>
  );
}
