/** Keys that work on every page. Single letters can be turned off; keys typed into fields are left alone. */
import { spotlight } from '@mantine/spotlight';
import { useEffect } from 'react';
import { useNavigate } from 'react-router';
import { usePreferences } from './appearance.ts';
import type { FilePicker } from './use-file-picker.ts';

interface GlobalKeys {
  readonly search: React.RefObject<HTMLInputElement | null>;
  readonly picker: FilePicker;
  showKeys(): void;
}

const inField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export function useGlobalKeys({ search, picker, showKeys }: GlobalKeys): void {
  const navigate = useNavigate();
  const preferences = usePreferences();

  useEffect(() => {
    const focusSearch = () => {
      search.current?.focus();
      search.current?.select();
    };
    const withCommand: Record<string, () => void> = {
      k: () => spotlight.open(),
      f: focusSearch,
      o: picker.chooseFiles,
      ',': () => void navigate('/settings'),
    };
    const alone: Record<string, () => void> = { '?': showKeys, '/': focusSearch };
    const onKey = (event: KeyboardEvent) => {
      const command = event.ctrlKey || event.metaKey;
      if (event.defaultPrevented || event.altKey) return;
      const table = command ? withCommand : preferences.singleKeys.get() && !inField(event.target) ? alone : {};
      const act = table[event.key.toLowerCase()];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [search, picker, showKeys, navigate, preferences]);
}
