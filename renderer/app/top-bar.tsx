/** The bar above every page: search, the state of the connection, activity. */
import { ActionIcon, Indicator, Kbd, TextInput, Tooltip } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import {
  IconActivity,
  IconCloudOff,
  IconCommand,
  IconPlayerPause,
  IconPlayerPlay,
  IconSearch,
} from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import { useFailureCount } from '../components/use-failures.ts';
import { useAllPaused, usePauseAll } from '../components/use-pause-all.ts';
import { useObservable } from '../live/observable.ts';
import { useParts } from '../parts.ts';
import classes from './top-bar.module.css';

interface TopBarProps {
  readonly search: React.RefObject<HTMLInputElement | null>;
  onActivity(): void;
}

const isMac = navigator.userAgent.includes('Mac');
export const commandKeys = isMac ? '⌘K' : 'Ctrl K';

export function TopBar({ search, onActivity }: TopBarProps) {
  const { t } = useTranslation();
  return (
    <section className={classes['bar']} aria-label={t('app.bar')}>
      <SearchBox search={search} />
      <div className={classes['side']}>
        <Connection />
        <PauseButton />
        <ActivityButton onActivity={onActivity} />
      </div>
    </section>
  );
}

function SearchBox({ search }: Pick<TopBarProps, 'search'>) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [params] = useSearchParams();
  const shown = pathname === '/library' ? (params.get('text') ?? '') : '';
  const [text, setText] = useState(shown);
  useEffect(() => setText(shown), [shown]);

  const go = (value: string) => {
    const next = new URLSearchParams(pathname === '/library' ? params : undefined);
    if (value.trim() === '') next.delete('text');
    else next.set('text', value.trim());
    next.delete('item');
    if (value.trim() !== '' || pathname === '/library')
      void navigate(`/library?${next}`, { replace: pathname === '/library' });
  };
  const goSoon = useDebouncedCallback(go, 250);

  return (
    <search className={classes['search']}>
      <TextInput
        ref={search}
        type="search"
        size="sm"
        radius="xl"
        aria-label={t('app.search')}
        placeholder={t('app.searchShort')}
        leftSection={<IconSearch size={16} aria-hidden />}
        classNames={{ wrapper: classes['searchWrapper'] ?? '' }}
        rightSection={
          <Tooltip label={t('app.commands')}>
            <button
              type="button"
              className={classes['commands']}
              aria-label={`${t('app.commands')}, ${commandKeys}`}
              onClick={() => spotlight.open()}
            >
              <Kbd size="xs" className={classes['kbd'] ?? ''}>
                {commandKeys}
              </Kbd>
              <IconCommand size={16} aria-hidden className={classes['commandIcon']} />
            </button>
          </Tooltip>
        }
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          goSoon(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') go(text);
        }}
      />
    </search>
  );
}

function Connection() {
  const { t } = useTranslation();
  const { live } = useParts();
  const state = useObservable(live.connection);
  const label = state === 'away' ? t('app.awayLong') : t(`app.${state}`);
  return (
    <Tooltip label={label} multiline maw={280}>
      <span className={classes['connection']} data-state={state}>
        {state === 'away' ? <IconCloudOff size={16} aria-hidden /> : <span className={classes['dot']} aria-hidden />}
        <span className={classes['connectionWord']}>{t(`app.${state}`)}</span>
      </span>
    </Tooltip>
  );
}

function ActivityButton({ onActivity }: Pick<TopBarProps, 'onActivity'>) {
  const { t } = useTranslation();
  const failures = useFailureCount();
  const label = failures > 0 ? t('app.activityFailures', { count: failures }) : t('app.activity');
  return (
    <Tooltip label={label}>
      <Indicator disabled={failures === 0} color="red" size={9} offset={8}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={label}
          onClick={onActivity}
          className={classes['activity'] ?? ''}
        >
          <IconActivity size={20} stroke={1.7} />
        </ActionIcon>
      </Indicator>
    </Tooltip>
  );
}

function PauseButton() {
  const { t } = useTranslation();
  const paused = useAllPaused();
  const change = usePauseAll();
  const label = t(paused ? 'app.resumeAll' : 'app.pauseAll');
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        loading={change.isPending}
        onClick={() => change.mutate(!paused)}
        className={classes['activity'] ?? ''}
      >
        {paused ? <IconPlayerPlay size={20} stroke={1.7} /> : <IconPlayerPause size={20} stroke={1.7} />}
      </ActionIcon>
    </Tooltip>
  );
}
