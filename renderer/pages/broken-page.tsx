/** What is shown where a page broke, and where an address leads nowhere. */
import { Button } from '@mantine/core';
import { IconCompass, IconMoodEmpty } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Empty } from '../components/empty.tsx';

export function BrokenPage() {
  const { t } = useTranslation();
  return (
    <Empty icon={IconMoodEmpty} title={t('app.brokenTitle')} text={t('app.brokenText')}>
      <Button onClick={() => location.reload()}>{t('app.reload')}</Button>
    </Empty>
  );
}

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <Empty icon={IconCompass} title={t('app.notFoundTitle')} text={t('app.notFoundText')}>
      <Button component={Link} to="/">
        {t('app.toStart')}
      </Button>
    </Empty>
  );
}
