/** The one catalogue of the window's texts. Sections are merged here; i18next gets one tree a language. */
import { appMessages, liveMessages, noticeMessages, sessionMessages } from './app.ts';
import { batchMessages, dropMessages, privacyMessages, raceMessages, watermarkMessages } from './drop.ts';
import { errorMessages } from './errors.ts';
import {
  evidenceMessages,
  failureMessages,
  farmMessages,
  reasonMessages,
  stateMessages,
  stepMessages,
} from './farm.ts';
import { itemMessages, kindMessages, libraryMessages } from './library.ts';
import type { Pair } from './pair.ts';
import { settingsMessages } from './settings.ts';

export const catalogue = {
  app: appMessages,
  session: sessionMessages,
  live: liveMessages,
  notice: noticeMessages,
  drop: dropMessages,
  privacy: privacyMessages,
  batch: batchMessages,
  watermark: watermarkMessages,
  race: raceMessages,
  library: libraryMessages,
  item: itemMessages,
  kind: kindMessages,
  farm: farmMessages,
  evidence: evidenceMessages,
  failure: failureMessages,
  state: stateMessages,
  step: stepMessages,
  reason: reasonMessages,
  settings: settingsMessages,
  error: errorMessages,
} as const;

export type Language = 'en' | 'de';
export const languages: readonly Language[] = ['en', 'de'];

type Tree<T> = T extends Pair ? string : { readonly [Key in keyof T]: Tree<T[Key]> };
/** Shape of the texts of one language: what `t('drop.start')` may name. */
export type Texts = Tree<typeof catalogue>;

type Node = Pair | { readonly [key: string]: Node };
type TextNode = string | { readonly [key: string]: TextNode };
const isPair = (node: Node): node is Pair => typeof node['en'] === 'string';

function pick(node: Node, language: Language): TextNode {
  if (isPair(node)) return node[language];
  return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, pick(child, language)]));
}

/** All texts of a language as i18next takes them. */
export function textsOf(language: Language): TextNode {
  return pick(catalogue, language);
}
