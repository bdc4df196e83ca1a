/** One machine: who it is, its state in words, what it does now, what it can do and how fast, how loaded it is. */
import { ActionIcon, Badge, Menu, Progress } from '@mantine/core';
import {
  type Icon,
  IconAlertTriangle,
  IconCircleCheck,
  IconCloudOff,
  IconDots,
  IconPlayerPause,
  IconProgress,
  IconUserMinus,
} from '@tabler/icons-react';
import { memo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Node } from '../../../contract/operations/nodes.ts';
import { BrandMark } from '../../app/brand-mark.tsx';
import { Ago } from '../../components/time.tsx';
import { useStepWord } from '../../components/use-words.ts';
import { useFormat } from '../../format.ts';
import { shareOf } from '../../race/lane-slots.ts';
import classes from './farm.module.css';
import { History } from './history.tsx';
import { RemoveMachine } from './remove-machine.tsx';

type Word = 'online' | 'working' | 'silent' | 'paused';
const looks: Record<Word, readonly [Icon, string]> = {
  online: [IconCircleCheck, 'water'],
  working: [IconProgress, 'water'],
  silent: [IconCloudOff, 'amber'],
  paused: [IconPlayerPause, 'calm'],
};

export const MachineCard = memo(function MachineCard({ node }: { readonly node: Node }) {
  const { t } = useTranslation();
  const word: Word = node.state === 'online' && node.running.length > 0 ? 'working' : node.state;
  const [Shape, tone] = looks[word];
  return (
    <article className={`card ${classes['card']}`} aria-label={node.name}>
      <header className={classes['cardHead']}>
        <BrandMark size={32} turning={word === 'working'} />
        <div className={classes['who']}>
          <h2 className={classes['name']} title={node.name}>
            {node.name}
          </h2>
          <span className={classes['state']} data-tone={tone}>
            <Shape size={15} aria-hidden /> {t(`farm.${word}`)}
          </span>
        </div>
        {node.local ? (
          <Badge variant="light" tt="none" fw={560}>
            {t('farm.thisMachine')}
          </Badge>
        ) : (
          <MachineMenu node={node} />
        )}
      </header>
      {node.trouble !== null && (
        <p className={classes['trouble']} title={node.trouble.message}>
          <IconAlertTriangle size={15} aria-hidden /> {t(`error.${node.trouble.code}.title`)}{' '}
          {t(`error.${node.trouble.code}.hint`)}
        </p>
      )}
      <Now node={node} word={word} />
      <Load node={node} />
      <Abilities node={node} />
      <footer className={`figures ${classes['foot']}`}>
        <span>
          {t('farm.done', { count: node.done })}
          {node.failed > 0 && `, ${t('farm.failed', { count: node.failed })}`}
        </span>
        <History nodeId={node.id} />
      </footer>
    </article>
  );
});

const shownAtOnce = 3;

function Now({ node, word }: { readonly node: Node; readonly word: Word }) {
  const { t } = useTranslation();
  const format = useFormat();
  const stepWord = useStepWord();
  if (word !== 'working')
    return (
      <p className={classes['now']}>
        {word === 'online' && t('farm.doesNothing')}
        {word === 'paused' && t('farm.pausedText')}
        {word === 'silent' && t('farm.silentText')}{' '}
        {word === 'silent' && node.lastSeenAt !== null && (
          <span className={classes['quiet']}>
            {t('farm.seen', { time: '' })} <Ago at={node.lastSeenAt} />
          </span>
        )}
      </p>
    );
  return (
    <ul className={classes['running']} aria-label={t('farm.worksOn')}>
      {node.running.slice(0, shownAtOnce).map((running) => {
        const share = shareOf(running.progress);
        return (
          <li key={running.attemptId}>
            <Link to={`/items/${running.itemId}`} className={`quiet-link ${classes['runningItem']}`}>
              {running.item}
            </Link>
            <span className={`figures ${classes['quiet']}`}>
              {stepWord(running.kind)} {share !== null && format.percent(share)}
            </span>
          </li>
        );
      })}
      {node.running.length > shownAtOnce && (
        <li className={classes['quiet']}>{t('farm.more', { count: node.running.length - shownAtOnce })}</li>
      )}
    </ul>
  );
}

function Load({ node }: { readonly node: Node }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { load, capability } = node;
  return (
    <dl className={classes['load']}>
      <div>
        <dt>{t('farm.processor')}</dt>
        <dd className="figures" title={capability.cpuModel}>
          {t('farm.cores', { count: capability.cores })}
          {load && (
            <>
              {', '}
              {format.percent(load.cpu)}
              <Progress
                value={load.cpu * 100}
                size={4}
                mt={4}
                aria-label={t('farm.processor')}
                transitionDuration={180}
              />
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>{t('farm.memory')}</dt>
        <dd className="figures">
          {load ? t('farm.free', { size: format.bytes(load.freeMemoryBytes) }) : format.bytes(capability.memoryBytes)}
          {load && (
            <Progress
              value={(1 - load.freeMemoryBytes / capability.memoryBytes) * 100}
              size={4}
              mt={4}
              aria-label={t('farm.memory')}
              transitionDuration={180}
            />
          )}
        </dd>
      </div>
      {load && (
        <div>
          <dt>{t('farm.disk')}</dt>
          <dd className="figures">{t('farm.free', { size: format.bytes(load.freeDiskBytes) })}</dd>
        </div>
      )}
    </dl>
  );
}

function Abilities({ node }: { readonly node: Node }) {
  const { t } = useTranslation();
  const format = useFormat();
  const stepWord = useStepWord();
  return (
    <ul className={classes['abilities']} aria-label={t('farm.can')}>
      {node.capability.kinds.map(({ kind, engine, concurrency }) => {
        const speedMs = node.speedMs[kind];
        return (
          <li key={kind} title={engine}>
            <span>{stepWord(kind)}</span>
            <span className={`figures ${classes['quiet']}`}>
              {speedMs === undefined ? t('farm.notYet') : t('farm.at', { time: format.duration(speedMs) })} · ×
              {concurrency}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function MachineMenu({ node }: { readonly node: Node }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={t('farm.menu', { name: node.name })}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item color="red" leftSection={<IconUserMinus size={16} aria-hidden />} onClick={() => setAsking(true)}>
            {t('farm.remove')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RemoveMachine node={node} opened={asking} onClose={() => setAsking(false)} />
    </>
  );
}
