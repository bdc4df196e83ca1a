/** One text of the window in both languages. Written side by side, so that neither can be missing. */
export interface Pair {
  readonly en: string;
  readonly de: string;
}

/** English first, then German. `{{name}}` is filled in; keys that end in `_one` and `_other` are singular and plural. */
export const pair = (en: string, de: string): Pair => ({ en, de });

export type Section = Readonly<Record<string, Pair>>;
