/** What everybody has to know, above every page: all work is paused, the hub lacks something, a machine asks to be let in. */
import { Button } from '@mantine/core';
import { type Icon, IconAlertTriangle, IconPlayerPause, IconPlugConnected } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import { useFarm } from '../components/use-farm.ts';
import { usePairing } from '../components/use-pairing.ts';
import { useAllPaused, usePauseAll } from '../components/use-pause-all.ts';
import { useFormat } from '../format.ts';
import classes from './notices.module.css';

/** The region stays, so that a screen reader is told when something comes into it. */
export function Notices() {
  return (
    <div className={classes['notices']} aria-live="polite">
      <Paused />
      <Troubles />
      <Asking />
    </div>
  );
}

interface NoticeProps {
  readonly icon: Icon;
  readonly title: string;
  readonly text: string;
  readonly children?: React.ReactNode;
}

function Notice({ icon: Shape, title, text, children }: NoticeProps) {
  return (
    <section className={classes['notice']} aria-label={title}>
      <Shape size={20} aria-hidden className={classes['icon']} />
      <p className={classes['text']}>
        <strong>{title}</strong> {text}
      </p>
      {children}
    </section>
  );
}

function Paused() {
  const { t } = useTranslation();
  const change = usePauseAll();
  if (!useAllPaused()) return null;
  return (
    <Notice icon={IconPlayerPause} title={t('notice.paused')} text={t('notice.pausedText')}>
      <Button size="xs" loading={change.isPending} onClick={() => change.mutate(false)}>
        {t('app.resume')}
      </Button>
    </Notice>
  );
}

function Troubles() {
  const { t } = useTranslation();
  const format = useFormat();
  const troubles = useFarm((farm) => farm.troubles).data ?? [];
  return troubles.map((trouble) => {
    const facts =
      trouble.code === 'disk_full'
        ? { free: format.bytes(trouble.freeBytes), needed: format.bytes(trouble.neededBytes) }
        : {};
    return (
      <Notice
        key={trouble.code}
        icon={IconAlertTriangle}
        title={t(`notice.${trouble.code}`)}
        text={t(`notice.${trouble.code}_text`, facts)}
      />
    );
  });
}

/** Not on the Farm page, which shows the requests themselves. */
function Asking() {
  const { t } = useTranslation();
  const { waiting } = usePairing();
  const { pathname } = useLocation();
  const [first] = waiting;
  if (first === undefined || pathname === '/farm') return null;
  return (
    <Notice
      icon={IconPlugConnected}
      title={t('notice.asking', { count: waiting.length, name: first.name })}
      text={t('notice.askingText')}
    >
      <Button component={Link} to="/farm" size="xs">
        {t('notice.askingOpen')}
      </Button>
    </Notice>
  );
}
