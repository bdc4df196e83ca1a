/** What is shown in place of something that could not be read. */
import { Button } from '@mantine/core';
import { IconCloudOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { hubErrorOf } from '../hub.ts';
import { Empty } from './empty.tsx';
import { useErrorText } from './use-error-toast.ts';

export function LoadError({ error, onRetry }: { readonly error: unknown; onRetry(): void }) {
  const { t } = useTranslation();
  const { title, hint } = useErrorText()(hubErrorOf(error).code);
  return (
    <Empty icon={IconCloudOff} title={title} text={hint}>
      <Button variant="default" onClick={onRetry}>
        {t('app.retry')}
      </Button>
    </Empty>
  );
}
