/** The external broker, where there is one: what it is, whether it answers, and what is wrong with its setup. */
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useParts } from '../../parts.ts';
import { keys } from '../../query-keys.ts';
import { Row, Section } from './section.tsx';

const refetchMs = 10_000;

export function BrokerSection() {
  const { t } = useTranslation();
  const { client } = useParts();
  const { data } = useQuery({
    queryKey: keys.broker,
    queryFn: ({ signal }) => client.call('getBroker', { signal }),
    refetchInterval: refetchMs,
  });
  // The embedded one is nobody's concern.
  if (data?.kind !== 'external') return null;
  return (
    <Section title={t('settings.broker')}>
      <Row label={data.address ?? ''} text={data.server ?? ''}>
        <Text size="sm">{t(data.reachable ? 'settings.brokerAnswers' : 'settings.brokerAway')}</Text>
      </Row>
      {data.notices.map(({ code }) => (
        <Row key={code} label={t(`settings.broker_${code}`)} text={t(`settings.broker_${code}_text`)}>
          {null}
        </Row>
      ))}
    </Section>
  );
}
