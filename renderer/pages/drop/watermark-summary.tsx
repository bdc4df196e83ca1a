/** What the watermark will be in a few words, with the button that opens its form. */
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { OrderChoice } from '../../uploads/order.ts';
import classes from './staged-card.module.css';
import { useUsualLogo } from './use-logo.ts';

interface WatermarkSummaryProps {
  readonly choice: OrderChoice;
  readonly open: boolean;
  onToggle(): void;
}

export function WatermarkSummary({ choice, open, onToggle }: WatermarkSummaryProps) {
  const { t } = useTranslation();
  const usual = useUsualLogo();
  const { tile, corner, size } = choice.watermark;
  const logo = choice.logo?.name ?? usual?.name ?? t('watermark.ownLogo');
  return (
    <div className={classes['summary']}>
      <strong>{t('watermark.name')}</strong>
      <span>
        {tile
          ? t('watermark.summaryTile', { logo, size })
          : t('watermark.summary', { logo, size, corner: t(`watermark.${corner}`) })}
      </span>
      <Button variant="subtle" size="compact-sm" aria-expanded={open} onClick={onToggle}>
        {t('watermark.change')}
      </Button>
    </div>
  );
}
