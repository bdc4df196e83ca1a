/** Failures grouped by cause, each with what happened, where, what to do, and the button that does it. */
import { Anchor, Button, Collapse, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAlertTriangle, IconChevronDown, IconRefresh } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import classes from './failure-groups.module.css';
import { Ago } from './time.tsx';
import { useErrorText } from './use-error-toast.ts';
import { type FailureGroup, useFailures, useRetryGroup } from './use-failures.ts';
import { useStepWord } from './use-words.ts';

export function FailureGroups() {
  const failures = useFailures();
  return (
    <ul className={classes['list']}>
      {failures.map((group) => (
        <li key={keyOf(group)}>
          <FailureCard group={group} />
        </li>
      ))}
    </ul>
  );
}

const keyOf = (group: FailureGroup) =>
  `${group.error.code}/${group.error.nodeId}/${group.error.stageKind}/${group.error.message}`;

function FailureCard({ group }: { readonly group: FailureGroup }) {
  const { t } = useTranslation();
  const retry = useRetryGroup();
  const [open, { toggle }] = useDisclosure(false);
  const { title, hint } = useErrorText()(group.error.code);
  return (
    <article className={classes['card']}>
      <IconAlertTriangle size={20} className={classes['icon']} aria-hidden />
      <div className={classes['text']}>
        <h3 className={classes['title']}>
          {title}
          <span className={classes['count']}>{t('app.items', { count: group.count })}</span>
        </h3>
        <p className={classes['hint']}>{hint}</p>
        <p className={classes['where']}>
          <Where group={group} /> <Ago at={group.newestAt} />
        </p>
        <button type="button" className={classes['toggle']} aria-expanded={open} onClick={toggle}>
          <IconChevronDown size={16} aria-hidden data-open={open || undefined} />
          {t('failure.which')}
        </button>
        <Collapse expanded={open}>
          <Text className={classes['said']}>{group.error.message}</Text>
          <ul className={classes['items']}>
            {group.jobs.map((job) => (
              <li key={job.jobId}>
                <Anchor component={Link} to={`/items/${job.itemId}?run=${job.jobId}`} size="sm">
                  {job.item}
                </Anchor>
              </li>
            ))}
            {group.count > group.jobs.length && (
              <li>{t('drop.stagedMore', { count: group.count - group.jobs.length })}</li>
            )}
          </ul>
        </Collapse>
      </div>
      <div className={classes['actions']}>
        {group.error.code.startsWith('target_') && (
          <Button component={Link} to="/settings" variant="subtle" size="xs">
            {t('failure.toSettings')}
          </Button>
        )}
        <Button
          size="xs"
          variant="default"
          leftSection={<IconRefresh size={15} aria-hidden />}
          loading={retry.isPending}
          onClick={() => retry.mutate(group)}
        >
          {group.count === 1 ? t('failure.retryAll') : t('failure.retryCount', { count: group.count })}
        </Button>
      </div>
    </article>
  );
}

function Where({ group }: { readonly group: FailureGroup }) {
  const { t } = useTranslation();
  const stepWord = useStepWord();
  const { nodeName, stageKind } = group.error;
  return (
    <>
      {stageKind && t('failure.at', { step: stepWord(stageKind) })} {nodeName && t('failure.on', { machine: nodeName })}
    </>
  );
}
