/** One machine: who it is, its state in words, what it does now, what it can do and how fast, how loaded it is. */
import { Badge, Button, Progress } from '@mantine/core';
import {
  type Icon,
  IconAlertTriangle,
  IconCircleCheck,
  IconCloudOff,
  IconPlayerPause,
  IconPlayerTrackNext,
  IconProgress,
} from '@tabler/icons-react';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Node } from '../../../contract/operations/nodes.ts';
import { BrandMark } from '../../app/brand-mark.tsx';
import { type MachineWord, machineWord } from '../../components/machine-word.ts';
import { Ago } from '../../components/time.tsx';
import { useStepWord } from '../../components/use-words.ts';
import { useFormat } from '../../format.ts';
import { shareOf } from '../../race/lane-slots.ts';
import { Abilities } from './abilities.tsx';
import classes from './farm.module.css';
import { History } from './history.tsx';
import { MachineMenu } from './machine-menu.tsx';
import { useChangeMachine } from './use-machine.ts';

const looks: Record<MachineWord, readonly [Icon, string]> = {
  online: [IconCircleCheck, 'water'],
  working: [IconProgress, 'water'],
  finishing: [IconPlayerTrackNext, 'calm'],
  silent: [IconCloudOff, 'amber'],
  paused: [IconPlayerPause, 'calm'],
};

interface MachineCardProps {
  readonly node: Node;
  /** All work is paused. */
  readonly allPaused: boolean;
}

export const MachineCard = memo(function MachineCard({ node, allPaused }: MachineCardProps) {
  const { t } = useTranslation();
  const word = machineWord(node, allPaused);
  const [Shape, tone] = looks[word];
  return (
    <article className={`card ${classes['card']}`} aria-label={node.name}>
      <header className={classes['cardHead']}>
        <BrandMark size={32} turning={node.running.length > 0} />
        <div className={classes['who']}>
          <h2 className={classes['name']} title={node.name}>
            {node.name}
          </h2>
          <span className={classes['state']} data-tone={tone}>
            <Shape size={15} aria-hidden /> {t(`farm.${word}`)}
          </span>
        </div>
        {(node.local || node.trusted) && (
          <Badge variant="light" tt="none" fw={560} className={classes['badge'] ?? ''}>
            {t(node.local ? 'farm.thisMachine' : 'farm.trusted')}
          </Badge>
        )}
        <MachineMenu node={node} />
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

/** Why a paused machine rests: everything does, this window's owner wants it, or its own. */
function useRestText(node: Node): string {
  const { t } = useTranslation();
  if (node.hold !== 'none') return t(`farm.hold_${node.hold}`);
  return t(node.state === 'paused' ? 'farm.pausedText' : 'farm.allPausedText');
}

function Now({ node, word }: { readonly node: Node; readonly word: MachineWord }) {
  const { t } = useTranslation();
  const restText = useRestText(node);
  if (word === 'working' || word === 'finishing') return <Running running={node.running} />;
  return (
    <div className={classes['now']}>
      {word === 'online' && t('farm.doesNothing')}
      {word === 'paused' && restText}
      {word === 'silent' && t('farm.silentText')}
      {word === 'silent' && node.lastSeenAt !== null && (
        <span className={classes['quiet']}>
          {t('farm.seen', { time: '' })} <Ago at={node.lastSeenAt} />
        </span>
      )}
      {word === 'paused' && node.hold !== 'none' && <Resume node={node} />}
    </div>
  );
}

function Resume({ node }: { readonly node: Node }) {
  const { t } = useTranslation();
  const change = useChangeMachine(node);
  return (
    <Button
      size="compact-sm"
      variant="default"
      loading={change.isPending}
      aria-label={t('farm.resumeOf', { name: node.name })}
      onClick={() => change.mutate({ hold: 'none' })}
    >
      {t('app.resume')}
    </Button>
  );
}

const shownAtOnce = 3;

function Running({ running }: Pick<Node, 'running'>) {
  const { t } = useTranslation();
  const format = useFormat();
  const stepWord = useStepWord();
  return (
    <ul className={classes['running']} aria-label={t('farm.worksOn')}>
      {running.slice(0, shownAtOnce).map((unit) => {
        const share = shareOf(unit.progress);
        return (
          <li key={unit.attemptId}>
            <Link to={`/items/${unit.itemId}`} className={`quiet-link ${classes['runningItem']}`}>
              {unit.item}
            </Link>
            <span className={`figures ${classes['quiet']}`}>
              {stepWord(unit.kind)} {share !== null && format.percent(share)}
            </span>
          </li>
        );
      })}
      {running.length > shownAtOnce && (
        <li className={classes['quiet']}>{t('farm.more', { count: running.length - shownAtOnce })}</li>
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
