/** What a screen reader is told of the work: sums, politely, at most one message in 5 s; failures apart. */
import type { i18n } from 'i18next';
import type { HubEvent } from '../../contract/hub-events.ts';
import { type Observable, observable } from './observable.ts';

export interface Announcements {
  readonly polite: Observable<string>;
  readonly urgent: Observable<string>;
  note(events: readonly HubEvent[]): void;
  /** Says something that the user has just done, in its turn. */
  say(text: string): void;
}

const quietMs = 5_000;

export function createAnnouncements(translations: i18n): Announcements {
  const polite = observable('');
  const urgent = observable('');
  let done = 0;
  let failed = 0;
  let extra: string[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  let lastAtMs = Number.NEGATIVE_INFINITY;

  const flush = () => {
    timer = null;
    const texts = [...extra];
    if (done > 0) texts.push(translations.t('live.done', { count: done }));
    if (texts.length > 0) polite.set(texts.join(' '));
    if (failed > 0) urgent.set(translations.t('live.failed', { count: failed }));
    if (texts.length > 0 || failed > 0) lastAtMs = performance.now();
    done = 0;
    failed = 0;
    extra = [];
  };
  const flushSoon = () => {
    if (timer !== null) return;
    timer = setTimeout(flush, Math.max(200, lastAtMs + quietMs - performance.now()));
  };

  return {
    polite,
    urgent,
    note(events) {
      for (const event of events) {
        if (event.name === 'job.state' && event.data.state === 'done') done += 1;
        else if (event.name === 'job.state' && (event.data.state === 'failed' || event.data.state === 'quarantined'))
          failed += 1;
        else if (event.name === 'node.state' && event.data.state === 'silent')
          extra.push(translations.t('live.machineSilent', { name: event.data.name }));
      }
      if (done + failed + extra.length > 0) flushSoon();
    },
    say(text) {
      extra.push(text);
      flushSoon();
    },
  };
}
