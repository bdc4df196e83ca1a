/** Facts as pairs of word and value. */
import { ActionIcon, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Item } from '../../../contract/item.ts';
import { Ago } from '../../components/time.tsx';
import { useFormat } from '../../format.ts';
import classes from './item.module.css';

export function Fact({ label, children }: { readonly label: string; readonly children: React.ReactNode }) {
  return (
    <div className={classes['fact']}>
      <dt>{label}</dt>
      <dd className="figures">{children}</dd>
    </div>
  );
}

export function FactList({ item }: { readonly item: Item }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <dl className={classes['facts']}>
      <Fact label={t('item.kind')}>{t(`kind.${item.kind}`)}</Fact>
      {item.width !== null && item.height !== null && (
        <Fact label={t('item.dimensions')}>
          {format.number(item.width)} × {format.number(item.height)}
        </Fact>
      )}
      <Fact label={t('item.bytes')}>{format.bytes(item.sizeBytes)}</Fact>
      <Fact label={t('item.added')}>
        <Ago at={item.createdAt} />
      </Fact>
      <Fact label={t('item.hash')}>
        <Hash value={item.sha256} />
      </Fact>
    </dl>
  );
}

/** A digest, shortened, with a button that copies it whole. */
export function Hash({ value }: { readonly value: string }) {
  const { t } = useTranslation();
  return (
    <span className={classes['hash']}>
      <span className="mono" title={value}>
        {value.slice(0, 8)}…{value.slice(-6)}
      </span>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? t('app.copied') : t('item.copyHash')}>
            <ActionIcon variant="subtle" color="gray" size={24} onClick={copy} aria-label={t('item.copyHash')}>
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </span>
  );
}
