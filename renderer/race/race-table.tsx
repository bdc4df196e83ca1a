/** The race as a table for screen readers, refreshed calmly. */
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Farm } from '../../contract/operations/hub.ts';
import { machineWord } from '../components/machine-word.ts';
import { useFarm } from '../components/use-farm.ts';
import { useAllPaused } from '../components/use-pause-all.ts';
import { useStepWord } from '../components/use-words.ts';
import { useFormat } from '../format.ts';
import { shareOf } from './lane-slots.ts';

const everyMs = 3_000;

/** The value, at most every three seconds: a table that changes while it is read cannot be read. */
function useCalm<T>(value: T): T {
  const [calm, setCalm] = useState(value);
  const latest = useRef(value);
  latest.current = value;
  useEffect(() => {
    const timer = setInterval(() => setCalm(latest.current), everyMs);
    return () => clearInterval(timer);
  }, []);
  return calm;
}

export function RaceTable() {
  const { t } = useTranslation();
  const allPaused = useAllPaused();
  const nodes = useCalm(useFarm((farm) => farm.nodes).data ?? []);
  return (
    <table className="visually-hidden">
      <caption>{t('race.caption')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('race.machine')}</th>
          <th scope="col">{t('race.state')}</th>
          <th scope="col">{t('race.items')}</th>
          <th scope="col">{t('race.done')}</th>
        </tr>
      </thead>
      <tbody>
        {nodes.map((node) => (
          <Row key={node.id} node={node} allPaused={allPaused} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ node, allPaused }: { readonly node: Farm['nodes'][number]; readonly allPaused: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const stepWord = useStepWord();
  const word = machineWord(node, allPaused);
  const items = node.running.map((running) => {
    const share = shareOf(running.progress);
    const percent = share === null ? t('race.begun') : format.percent(share);
    return t('race.tableRow', { item: running.item, step: stepWord(running.kind), percent });
  });
  return (
    <tr>
      <th scope="row">{node.name}</th>
      <td>{t(`farm.${word}`)}</td>
      <td>{items.length === 0 && word === 'online' ? t('race.free') : items.join('; ')}</td>
      <td>{format.number(node.done)}</td>
    </tr>
  );
}
