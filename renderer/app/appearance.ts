/** Which palette is on: the user's choice, or what the system asks for; follows changes at once. */
import { useMediaQuery } from '@mantine/hooks';
import { createContext, useContext } from 'react';
import { type Observable, observable, useObservable } from '../live/observable.ts';

export type AppearanceChoice = 'system' | 'light' | 'dark' | 'contrast';
export const appearanceChoices: readonly AppearanceChoice[] = ['system', 'light', 'dark', 'contrast'];

const appearanceKey = 'millrace.appearance';
const singleKeysKey = 'millrace.single-keys';

/** Choices of this window, kept between visits. */
export interface Preferences {
  readonly appearance: Observable<AppearanceChoice>;
  readonly singleKeys: Observable<boolean>;
}

/** Reads the choices from the storage and writes them back when they change. */
export function loadPreferences(storage: Storage): Preferences {
  const stored = storage.getItem(appearanceKey);
  const appearance = observable<AppearanceChoice>(appearanceChoices.find((choice) => choice === stored) ?? 'system');
  const singleKeys = observable(storage.getItem(singleKeysKey) !== 'off');
  appearance.subscribe(() => storage.setItem(appearanceKey, appearance.get()));
  singleKeys.subscribe(() => storage.setItem(singleKeysKey, singleKeys.get() ? 'on' : 'off'));
  return { appearance, singleKeys };
}

export const PreferencesContext = createContext<Preferences | null>(null);

export function usePreferences(): Preferences {
  const preferences = useContext(PreferencesContext);
  if (preferences === null) throw new Error('outside the window');
  return preferences;
}

export interface Appearance {
  readonly scheme: 'light' | 'dark';
  readonly contrast: boolean;
}

/** The palette that follows from choice and system. */
export function useAppearance(preferences: Preferences): Appearance {
  const choice = useObservable(preferences.appearance);
  const systemDark = useMediaQuery('(prefers-color-scheme: dark)', false, { getInitialValueInEffect: false });
  const systemContrast = useMediaQuery('(prefers-contrast: more)', false, { getInitialValueInEffect: false });
  const fromSystem = systemDark ? 'dark' : 'light';
  return {
    scheme: choice === 'light' || choice === 'dark' ? choice : fromSystem,
    contrast: choice === 'contrast' || (choice === 'system' && systemContrast),
  };
}
