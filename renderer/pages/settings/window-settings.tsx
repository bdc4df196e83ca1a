/** Settings of this window: appearance, language, single keys. */
import { SegmentedControl, Switch } from '@mantine/core';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { appearanceChoices, usePreferences } from '../../app/appearance.ts';
import { chooseLanguage, currentLanguage } from '../../i18n.ts';
import { useObservable } from '../../live/observable.ts';
import { Row, Section } from './section.tsx';

export function WindowSettings() {
  const { t, i18n } = useTranslation();
  const preferences = usePreferences();
  const appearance = useObservable(preferences.appearance);
  const singleKeys = useObservable(preferences.singleKeys);
  const id = useId();
  return (
    <Section title={t('settings.window')}>
      <Row label={t('settings.theme')} labelId={`${id}-theme`}>
        <SegmentedControl
          aria-labelledby={`${id}-theme`}
          value={appearance}
          onChange={preferences.appearance.set}
          data={appearanceChoices.map((value) => ({ value, label: t(`settings.${value}`) }))}
        />
      </Row>
      <Row label={t('settings.language')} labelId={`${id}-language`}>
        <SegmentedControl
          aria-labelledby={`${id}-language`}
          value={currentLanguage(i18n)}
          onChange={(language) => void chooseLanguage(i18n, language)}
          data={[
            { value: 'en' as const, label: 'English' },
            { value: 'de' as const, label: 'Deutsch' },
          ]}
        />
      </Row>
      <Row label={t('settings.singleKeys')} text={t('settings.singleKeysText')} htmlFor={`${id}-keys`}>
        <Switch
          id={`${id}-keys`}
          size="md"
          checked={singleKeys}
          onChange={(event) => preferences.singleKeys.set(event.currentTarget.checked)}
        />
      </Row>
    </Section>
  );
}
