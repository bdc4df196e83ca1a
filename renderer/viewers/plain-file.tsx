/** Shows that there is a file, where nothing better can show it. */
import { IconFile } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Empty } from '../components/empty.tsx';
import type { ViewerProps } from './index.tsx';

export function PlainFile({ item }: ViewerProps) {
  const { t } = useTranslation();
  return <Empty icon={IconFile} title={item.name} text={t('item.noPreview')} />;
}
