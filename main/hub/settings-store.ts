/** The hub's settings in force: stored ones, with values of the command line on top; changes are stored, told and acted on. */
import type { Settings } from '../../contract/operations/hub.ts';
import type { Catalog } from './catalog/database.ts';
import { loadSettings, saveSettings } from './catalog/settings.ts';

export type SettingsChange = { readonly [K in keyof Settings]?: Settings[K] | undefined };

export interface SettingsStore {
  current(): Settings;
  change(change: SettingsChange): Promise<Settings>;
}

const given = (change: SettingsChange): Partial<Settings> =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));

/**
 * @param defaults built-in values
 * @param overrides values of flags and environment; they win, and are not stored
 * @param changed is called after a change is on disk
 */
export function createSettingsStore(
  catalog: Catalog,
  defaults: Settings,
  overrides: SettingsChange,
  changed: (before: Settings, after: Settings) => Promise<void>,
): SettingsStore {
  const load = (): Settings => ({ ...loadSettings(catalog, defaults), ...given(overrides) });
  let current = load();
  return {
    current: () => current,
    async change(change) {
      const before = current;
      await catalog.commit(() => saveSettings(catalog, given(change)));
      current = load();
      await changed(before, current);
      return current;
    },
  };
}
