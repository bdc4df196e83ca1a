/** The farm: a card a machine, and adding one. */
import { Button, Skeleton } from '@mantine/core';
import { IconPlus, IconServer2 } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import type { Node } from '../../../contract/operations/nodes.ts';
import { Empty } from '../../components/empty.tsx';
import { LoadError } from '../../components/load-error.tsx';
import { useFarm } from '../../components/use-farm.ts';
import { useFormat } from '../../format.ts';
import { AddMachine } from './add-machine.tsx';
import classes from './farm.module.css';
import { MachineCard } from './machine-card.tsx';
import { PairingRequests } from './pairing-requests.tsx';

/** This machine first, the unreachable last, then by name. */
const ordered = (nodes: readonly Node[]): readonly Node[] =>
  nodes.toSorted(
    (a, b) =>
      Number(b.local) - Number(a.local) ||
      Number(a.state === 'silent') - Number(b.state === 'silent') ||
      a.name.localeCompare(b.name, undefined, { numeric: true }),
  );

export function FarmPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const [params, setParams] = useSearchParams();
  const { data: farm, error, refetch } = useFarm();
  const adding = params.has('add');
  const setAdding = (open: boolean) => setParams(open ? { add: '1' } : {}, { replace: true });
  const nodes = ordered(farm?.nodes ?? []);
  const cores = nodes.reduce((sum, node) => sum + node.capability.cores, 0);

  return (
    <div className={classes['page']}>
      <div className={classes['head']}>
        <h1 className={classes['title']}>{t('farm.title')}</h1>
        {nodes.length > 0 && (
          <span className={`figures ${classes['quiet']}`}>
            {t('farm.summary', { count: nodes.length, cores: format.number(cores) })}
          </span>
        )}
        <Button
          className={classes['add'] ?? ''}
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setAdding(true)}
        >
          {t('farm.add')}
        </Button>
      </div>
      {farm === undefined && error !== null && <LoadError error={error} onRetry={() => void refetch()} />}
      {farm === undefined && error === null && <Skeleton height={240} />}
      {farm && nodes.length === 0 && (
        <Empty icon={IconServer2} title={t('farm.emptyTitle')} text={t('farm.emptyText')}>
          <Button onClick={() => setAdding(true)}>{t('farm.add')}</Button>
        </Empty>
      )}
      {/* The dialog shows them itself. */}
      {!adding && <PairingRequests />}
      <ul className={classes['cards']}>
        {nodes.map((node) => (
          <li key={node.id}>
            <MachineCard node={node} allPaused={farm?.hub.paused ?? false} />
          </li>
        ))}
      </ul>
      {adding && farm && <AddMachine known={nodes} onClose={() => setAdding(false)} />}
    </div>
  );
}
