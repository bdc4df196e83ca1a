/** What the library shows, kept in the address so that it can be linked and survives going back. */
import { useSearchParams } from 'react-router';
import { type JobState, jobStateSchema } from '../../../contract/item.ts';

export interface LibraryFilter {
  readonly state?: JobState;
  readonly text?: string;
}

export interface LibraryView {
  readonly filter: LibraryFilter;
  readonly layout: 'grid' | 'table';
  /** The item whose details are open in place. */
  readonly itemId: string | null;
  setState(state: JobState | null): void;
  clearText(): void;
  showAll(): void;
  setLayout(layout: 'grid' | 'table'): void;
  setItem(id: string | null): void;
}

const layoutKey = 'millrace.library-layout';

export function useLibraryView(): LibraryView {
  const [params, setParams] = useSearchParams();
  const state = jobStateSchema.safeParse(params.get('state'));
  const text = params.get('text')?.slice(0, 200);
  const chosen = params.get('view') ?? localStorage.getItem(layoutKey);

  const change = (changes: Readonly<Record<string, string | null>>) =>
    setParams(
      (before) => {
        for (const [key, value] of Object.entries(changes)) {
          if (value === null) before.delete(key);
          else before.set(key, value);
        }
        return before;
      },
      { replace: true },
    );

  return {
    filter: { ...(state.success && { state: state.data }), ...(text && { text }) },
    layout: chosen === 'table' ? 'table' : 'grid',
    itemId: params.get('item'),
    setState: (next) => change({ state: next, item: null }),
    clearText: () => change({ text: null }),
    showAll: () => change({ text: null, state: null, item: null }),
    setLayout: (next) => {
      localStorage.setItem(layoutKey, next);
      change({ view: next });
    },
    setItem: (id) => change({ item: id }),
  };
}
