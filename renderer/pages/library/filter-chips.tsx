/** Filters as chips: by state, and what the search box asks for. */
import { Chip } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { JobState } from '../../../contract/item.ts';
import classes from './library.module.css';
import type { LibraryView } from './library-filter.ts';

const states: readonly (readonly [
  JobState | null,
  'all' | 'stateDone' | 'stateWorking' | 'stateWaiting' | 'statePaused' | 'stateFailed' | 'stateBlamed',
])[] = [
  [null, 'all'],
  ['done', 'stateDone'],
  ['running', 'stateWorking'],
  ['waiting', 'stateWaiting'],
  ['paused', 'statePaused'],
  ['failed', 'stateFailed'],
  ['quarantined', 'stateBlamed'],
];

export function FilterChips({ view }: { readonly view: LibraryView }) {
  const { t } = useTranslation();
  return (
    <fieldset className={classes['filters']}>
      <legend className="visually-hidden">{t('library.filters')}</legend>
      <Chip.Group
        value={view.filter.state ?? ''}
        onChange={(value) => view.setState(states.find(([state]) => state === value)?.[0] ?? null)}
      >
        {states.map(([state, key]) => (
          <Chip key={key} value={state ?? ''} size="sm" variant="light" radius="xl">
            {t(`library.${key}`)}
          </Chip>
        ))}
      </Chip.Group>
      {view.filter.text !== undefined && (
        <button type="button" className={classes['textChip']} onClick={view.clearText} title={t('library.clearText')}>
          {t('library.text', { text: view.filter.text })}
          <IconX size={14} aria-hidden />
          <span className="visually-hidden">{t('library.clearText')}</span>
        </button>
      )}
    </fieldset>
  );
}
