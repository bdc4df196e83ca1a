/** What is about to start: how many files of what size, what shall be done, when; then one button. */
import { Button, Collapse, SegmentedControl, Select } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorToast } from '../../components/use-error-toast.ts';
import { useStepWord } from '../../components/use-words.ts';
import { useFormat } from '../../format.ts';
import { type Parts, useParts } from '../../parts.ts';
import { keys } from '../../query-keys.ts';
import { kindOfFile, orderOf, priorities, privacies, useOrderChoice } from '../../uploads/order.ts';
import type { Staged } from '../../uploads/staging.ts';
import type { Order } from '../../uploads/uploads.ts';
import classes from './staged-card.module.css';
import { StagedPreviews } from './staged-previews.tsx';
import { WatermarkForm } from './watermark-form.tsx';
import { WatermarkSummary } from './watermark-summary.tsx';

type Ready = Extract<Staged, { kind: 'ready' | 'paths' }>;

/** Pipelines that take at least one of the staged kinds; one or none needs no question. */
function useFittingPipelines(staged: Ready): readonly string[] {
  const { client } = useParts();
  const { data } = useQuery({
    queryKey: keys.pipelines,
    queryFn: ({ signal }) => client.call('listPipelines', { signal }),
    staleTime: 300_000,
  });
  const kinds = staged.kind === 'ready' ? new Set(staged.found.files.map(kindOfFile)) : null;
  const fits = (data?.rows ?? []).filter(({ accepts }) => kinds === null || accepts.some((kind) => kinds.has(kind)));
  return fits.map(({ name }) => name);
}

/** By path where the shell knows one for every file, else file by file. Resolves when everything is at the hub. */
async function startStaged(parts: Parts, staged: Ready, order: Order): Promise<void> {
  const { shell, uploads } = parts;
  const paths = staged.kind === 'paths' ? [...staged.paths] : (shell?.pathsOf([...staged.found.roots]) ?? []);
  if (shell !== null && paths.length > 0 && paths.every((path) => path !== '')) {
    uploads.note(await shell.importPaths(paths, order), order);
    return;
  }
  if (staged.kind === 'ready') await uploads.start(staged.found.files, order);
}

export function StagedCard({ staged }: { readonly staged: Ready }) {
  const { t } = useTranslation();
  const format = useFormat();
  const parts = useParts();
  const showError = useErrorToast();
  const stepWord = useStepWord();
  const pipelines = useFittingPipelines(staged);
  const [choice, change] = useOrderChoice();
  const [open, { toggle }] = useDisclosure(false);
  const [logoBusy, setLogoBusy] = useState(false);
  const startButton = useRef<HTMLButtonElement>(null);
  const count = staged.kind === 'ready' ? staged.found.files.length : staged.paths.length;
  const size = staged.kind === 'ready' ? format.bytes(staged.found.sizeBytes) : '';

  const start = () => {
    const order = orderOf(choice);
    parts.staging.clear();
    notifications.show({ message: t('drop.started', { count }) });
    parts.announcements.say(t('drop.started', { count }));
    startStaged(parts, staged, order).catch(showError);
  };

  return (
    <section className={`card ${classes['card']}`} aria-labelledby="staged">
      <div className={classes['top']}>
        <h2 id="staged" className={`figures ${classes['title']}`}>
          {size === '' ? t('app.items', { count }) : t('drop.stagedTitle', { count, size })}
        </h2>
        <div className={classes['go']}>
          <Button variant="default" onClick={parts.staging.clear}>
            {t('drop.discard')}
          </Button>
          <Button
            ref={startButton}
            autoFocus
            disabled={logoBusy}
            leftSection={<IconPlayerPlay size={17} aria-hidden />}
            onClick={start}
          >
            {t('drop.start')}
          </Button>
        </div>
      </div>
      {staged.kind === 'ready' ? <StagedPreviews files={staged.found.files} /> : <StagedPaths paths={staged.paths} />}
      <div className={classes['choices']}>
        {pipelines.length > 1 && (
          <Select
            label={t('drop.pipeline')}
            data={pipelines.map((name) => ({ value: name, label: stepWord(name) }))}
            value={choice.pipeline}
            allowDeselect={false}
            onChange={(pipeline) => pipeline && change({ pipeline })}
          />
        )}
        {choice.pipeline === 'watermark' && <WatermarkSummary choice={choice} open={open} onToggle={toggle} />}
        <div className={classes['when']}>
          <span id="when">{t('drop.priority')}</span>
          <SegmentedControl
            aria-labelledby="when"
            size="xs"
            value={choice.priority}
            onChange={(priority) => change({ priority })}
            data={priorities.map((value) => ({ value, label: t(`drop.${value}`) }))}
          />
        </div>
        <div className={classes['when']}>
          <span id="where">{t('drop.privacy')}</span>
          <SegmentedControl
            aria-labelledby="where"
            size="xs"
            value={choice.privacy}
            onChange={(privacy) => change({ privacy })}
            data={privacies.map((value) => ({ value, label: t(`privacy.${value}`) }))}
          />
        </div>
      </div>
      {choice.pipeline === 'watermark' && (
        <Collapse expanded={open}>
          <WatermarkForm choice={choice} onChange={change} onBusy={setLogoBusy} />
        </Collapse>
      )}
    </section>
  );
}

const pathsShown = 5;

function StagedPaths({ paths }: { readonly paths: readonly string[] }) {
  const { t } = useTranslation();
  return (
    <ul className={classes['paths']}>
      {paths.slice(0, pathsShown).map((path) => (
        <li key={path} className="mono">
          {path}
        </li>
      ))}
      {paths.length > pathsShown && <li>{t('drop.stagedMore', { count: paths.length - pathsShown })}</li>}
    </ul>
  );
}
