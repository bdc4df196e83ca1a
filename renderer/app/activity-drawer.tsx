/** The drawer from the right: what is being sent, what works, what failed. */
import { Drawer, Title } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { FailureGroups } from '../components/failure-groups.tsx';
import { OpenBatches } from '../components/open-batches.tsx';
import { useFailureCount } from '../components/use-failures.ts';
import { useFarm } from '../components/use-farm.ts';
import { WaitingGroups } from '../race/waiting-groups.tsx';
import { UploadCards } from '../uploads/upload-cards.tsx';
import classes from './activity-drawer.module.css';

export function ActivityDrawer({ opened, onClose }: { readonly opened: boolean; onClose(): void }) {
  const { t } = useTranslation();
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size="md"
      title={t('app.activity')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Content />
    </Drawer>
  );
}

function Content() {
  const { t } = useTranslation();
  const failures = useFailureCount();
  const waiting = useFarm((farm) => farm.waiting).data ?? [];
  return (
    <div className={classes['content']}>
      <UploadCards />
      <section>
        <Title order={3} mb="xs">
          {t('failure.title')}
        </Title>
        {failures === 0 ? (
          <p className={classes['calm']}>
            <IconCircleCheck size={18} aria-hidden />
            {t('failure.none')}
          </p>
        ) : (
          <FailureGroups />
        )}
      </section>
      <OpenBatches level={3} />
      <section>
        <Title order={3} mb="xs">
          {t('race.waiting')}
        </Title>
        {waiting.length === 0 ? (
          <p className={classes['calm']}>{t('drop.nothingWaiting')}</p>
        ) : (
          <WaitingGroups groups={waiting} />
        )}
      </section>
    </div>
  );
}
