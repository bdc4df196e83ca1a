/** Words for what comes from the hub as codes: steps, reasons of waiting, kinds of media. */
import { useTranslation } from 'react-i18next';
import type { WaitingReason } from '../../contract/reasons.ts';
import { catalogue } from '../messages/index.ts';

type KnownStep = keyof typeof catalogue.step;
const isKnownStep = (kind: string): kind is KnownStep => Object.hasOwn(catalogue.step, kind);

/** The name of a step or of what a batch does; its own code when this window is older than the hub. */
export function useStepWord(): (kind: string) => string {
  const { t } = useTranslation();
  return (kind) => (isKnownStep(kind) ? t(`step.${kind}`) : kind);
}

export function useReasonSentence(): (reason: WaitingReason) => string {
  const { t } = useTranslation();
  const stepWord = useStepWord();
  return ({ code, facts }) => t(`reason.${code}`, { ...facts, step: stepWord(String(facts['kind'] ?? '')) });
}
