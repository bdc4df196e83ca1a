/** What is being sent and what became of it: progress with a stop, files that were not taken with the reason. */
import { Button, CloseButton, Progress } from '@mantine/core';
import { IconAlertTriangle, IconUpload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../components/use-error-toast.ts';
import { useFormat } from '../format.ts';
import { useObservable } from '../live/observable.ts';
import { useParts } from '../parts.ts';
import classes from './upload-cards.module.css';
import type { Refusal, Upload } from './uploads.ts';

/** Nothing is drawn for what went well: the race shows it. */
const worthShowing = (upload: Upload) =>
  upload.state === 'sending' || upload.refused.length > 0 || upload.unsent.length > 0;

export function UploadCards() {
  const { uploads } = useParts();
  const shown = useObservable(uploads.list).filter(worthShowing);
  if (shown.length === 0) return null;
  return (
    <ul className={classes['list']}>
      {shown.map((upload) => (
        <li key={upload.id} className={classes['card']}>
          {upload.state === 'sending' && <Sending upload={upload} />}
          {upload.refused.length > 0 && <Refused upload={upload} />}
          {upload.unsent.length > 0 && upload.state !== 'sending' && <NotSent upload={upload} />}
        </li>
      ))}
    </ul>
  );
}

function Sending({ upload }: { readonly upload: Upload }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { uploads } = useParts();
  const share = upload.bytesTotal === 0 ? 0 : upload.bytesSent / upload.bytesTotal;
  const text = t('drop.sending', { done: format.number(upload.filesSent), total: format.number(upload.filesTotal) });
  return (
    <div className={classes['sending']}>
      <div className={classes['line']}>
        <IconUpload size={18} aria-hidden />
        <span className={classes['grow']}>{text}</span>
        <span className={`figures ${classes['quiet']}`}>
          {t('drop.sentBytes', { done: format.bytes(upload.bytesSent), total: format.bytes(upload.bytesTotal) })}
        </span>
        <Button size="compact-sm" variant="subtle" onClick={() => uploads.cancel(upload.id)}>
          {t('drop.stopSending')}
        </Button>
      </div>
      <Progress value={share * 100} size="sm" aria-label={text} transitionDuration={160} />
    </div>
  );
}

/** Names by reason, so that 200 wrong files are one line. */
function byCode(refused: readonly Refusal[]): readonly (readonly [Refusal['problem']['code'], readonly string[]])[] {
  const groups = new Map<Refusal['problem']['code'], string[]>();
  for (const { name, problem } of refused) groups.set(problem.code, [...(groups.get(problem.code) ?? []), name]);
  return [...groups];
}

const namesShown = 6;

function Refused({ upload }: { readonly upload: Upload }) {
  const { t } = useTranslation();
  const textOf = useErrorText();
  const { uploads } = useParts();
  const none = upload.refused.length === upload.filesTotal;
  return (
    <div role="alert">
      <div className={classes['line']}>
        <IconAlertTriangle size={18} className={classes['amber']} aria-hidden />
        <strong className={classes['grow']}>
          {t('drop.refusedTitle', { count: upload.refused.length })}{' '}
          <span className={classes['quiet']}>{none ? t('drop.refusedAll') : t('drop.refusedText')}</span>
        </strong>
        <CloseButton aria-label={t('drop.dismiss')} onClick={() => uploads.dismiss(upload.id)} />
      </div>
      <dl className={classes['reasons']}>
        {byCode(upload.refused).map(([code, names]) => (
          <div key={code}>
            <dt>
              {textOf(code).title}. <span className={classes['quiet']}>{textOf(code).hint}</span>
            </dt>
            <dd>
              {names.slice(0, namesShown).join(', ')}
              {names.length > namesShown && ` ${t('drop.stagedMore', { count: names.length - namesShown })}`}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function NotSent({ upload }: { readonly upload: Upload }) {
  const { t } = useTranslation();
  const textOf = useErrorText();
  const { uploads } = useParts();
  const first = upload.unsent[0];
  if (first === undefined) return null;
  return (
    <div className={classes['line']} role="alert">
      <IconAlertTriangle size={18} className={classes['amber']} aria-hidden />
      <span className={classes['grow']}>
        <strong>{t('drop.notSent', { count: upload.unsent.length })}</strong>{' '}
        <span className={classes['quiet']}>
          {textOf(first.error.code).title}. {textOf(first.error.code).hint}
        </span>
      </span>
      <Button size="compact-sm" variant="default" onClick={() => uploads.sendAgain(upload.id)}>
        {t('drop.sendAgain')}
      </Button>
      <CloseButton aria-label={t('drop.dismiss')} onClick={() => uploads.dismiss(upload.id)} />
    </div>
  );
}
