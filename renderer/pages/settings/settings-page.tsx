/** Settings: of this window at once, of the hub saved as soon as a field is left. */
import { Skeleton, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { LoadError } from '../../components/load-error.tsx';
import { useFarm } from '../../components/use-farm.ts';
import { ApiTokens } from './api-tokens.tsx';
import { BrokerSection } from './broker-section.tsx';
import { HubSettings } from './hub-settings.tsx';
import { Section } from './section.tsx';
import classes from './settings.module.css';
import { useSettings } from './use-settings.ts';
import { WindowSettings } from './window-settings.tsx';

export function SettingsPage() {
  const { t } = useTranslation();
  const { query, save } = useSettings();
  const version = useFarm((farm) => farm.hub.version).data;
  return (
    <div className={classes['page']}>
      <h1 className={classes['title']}>{t('settings.title')}</h1>
      <WindowSettings />
      {query.isPending && <Skeleton height={300} />}
      {query.isError && query.data === undefined && (
        <LoadError error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.data && <HubSettings settings={query.data} onSave={save} />}
      <ApiTokens />
      <BrokerSection />
      <Section title={t('settings.about')}>
        <Text c="dimmed">
          {t('app.name')} {version !== undefined && t('settings.version', { version })}
        </Text>
        <Text c="dimmed">{t('settings.aboutText')}</Text>
      </Section>
    </div>
  );
}
