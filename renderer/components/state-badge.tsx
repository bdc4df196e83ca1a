/** A state as icon and word; colour only supports them. */
import {
  type Icon,
  IconAlertTriangle,
  IconBan,
  IconCircleCheck,
  IconClock,
  IconCloudOff,
  IconFileAlert,
  IconPlayerPause,
  IconProgress,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { AttemptState, JobState, StageState } from '../../contract/item.ts';
import classes from './state-badge.module.css';

type AnyState = JobState | AttemptState | StageState;
type Tone = 'calm' | 'water' | 'amber' | 'red';

const looks: Record<AnyState, readonly [Icon, Tone]> = {
  waiting: [IconClock, 'calm'],
  placed: [IconClock, 'calm'],
  running: [IconProgress, 'water'],
  paused: [IconPlayerPause, 'amber'],
  done: [IconCircleCheck, 'water'],
  failed: [IconAlertTriangle, 'red'],
  quarantined: [IconFileAlert, 'red'],
  cancelled: [IconBan, 'calm'],
  lost: [IconCloudOff, 'amber'],
  dropped: [IconBan, 'calm'],
};

export function StateBadge({ state, onPicture = false }: { readonly state: AnyState; readonly onPicture?: boolean }) {
  const { t } = useTranslation();
  const [Shape, tone] = looks[state];
  return (
    <span className={classes['badge']} data-tone={tone} data-on-picture={onPicture || undefined}>
      <Shape size={14} stroke={2} aria-hidden />
      {t(`state.${state}`)}
    </span>
  );
}
