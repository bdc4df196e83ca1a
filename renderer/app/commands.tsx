/** Commands behind Ctrl/Cmd-K: every place and every common act by name. */
import { Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import {
  type Icon,
  IconActivity,
  IconContrast,
  IconFolderPlus,
  IconKeyboard,
  IconLanguage,
  IconMoon,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlus,
  IconRefresh,
  IconSearch,
  IconServer2,
  IconSun,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useFailures, useRetryGroup } from '../components/use-failures.ts';
import { useAllPaused, usePauseAll } from '../components/use-pause-all.ts';
import { chooseLanguage, currentLanguage } from '../i18n.ts';
import { usePreferences } from './appearance.ts';
import { places } from './rail.tsx';
import type { FilePicker } from './use-file-picker.ts';

interface CommandsProps {
  readonly picker: FilePicker;
  onActivity(): void;
  onKeys(): void;
}

const action = (id: string, Shape: Icon, label: string, onClick: () => void): SpotlightActionData => ({
  id,
  label,
  onClick,
  leftSection: <Shape size={20} stroke={1.6} aria-hidden />,
});

export function Commands({ picker, onActivity, onKeys }: CommandsProps) {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const preferences = usePreferences();
  const failures = useFailures();
  const retry = useRetryGroup();
  const paused = useAllPaused();
  const { mutate: pauseAll } = usePauseAll();
  const otherLanguage = currentLanguage(i18n) === 'en' ? 'de' : 'en';

  const actions = [
    ...places.map(({ key, to, Icon: Shape }) => action(key, Shape, t(`app.${key}`), () => void navigate(to))),
    action('files', IconPlus, t('drop.chooseFiles'), picker.chooseFiles),
    action('folder', IconFolderPlus, t('drop.chooseFolder'), picker.chooseFolder),
    action('machine', IconServer2, t('farm.add'), () => void navigate('/farm?add=1')),
    action('activity', IconActivity, t('app.activity'), onActivity),
    action('pause', paused ? IconPlayerPlay : IconPlayerPause, t(paused ? 'app.resumeAll' : 'app.pauseAll'), () =>
      pauseAll(!paused),
    ),
    ...(failures.length === 0
      ? []
      : [
          action('retry', IconRefresh, t('failure.retryAll'), () => {
            for (const group of failures) retry.mutate(group);
          }),
        ]),
    action('light', IconSun, `${t('settings.theme')}: ${t('settings.light')}`, () =>
      preferences.appearance.set('light'),
    ),
    action('dark', IconMoon, `${t('settings.theme')}: ${t('settings.dark')}`, () => preferences.appearance.set('dark')),
    action('contrast', IconContrast, `${t('settings.theme')}: ${t('settings.contrast')}`, () =>
      preferences.appearance.set('contrast'),
    ),
    action(
      'language',
      IconLanguage,
      otherLanguage === 'de' ? 'Deutsch' : 'English',
      () => void chooseLanguage(i18n, otherLanguage),
    ),
    action('keys', IconKeyboard, t('app.keys'), onKeys),
  ];

  return (
    <Spotlight
      actions={actions}
      shortcut={null}
      highlightQuery
      nothingFound={t('app.commandsNone')}
      searchProps={{
        placeholder: t('app.commandsHint'),
        'aria-label': t('app.commands'),
        leftSection: <IconSearch size={18} aria-hidden />,
      }}
    />
  );
}
