/** The window as a whole: language, appearance, then the session. */
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import type { i18n } from 'i18next';
import { useMemo } from 'react';
import { I18nextProvider, useTranslation } from 'react-i18next';
import type { ShellApi } from '../../contract/shell-api.ts';
import { FormatContext, formatsOf } from '../format.ts';
import { themeWith, tokenResolver } from '../theme.ts';
import { type Preferences, PreferencesContext, useAppearance, usePreferences } from './appearance.ts';
import { SessionGate } from './session-gate.tsx';

interface AppProps {
  readonly translations: i18n;
  readonly preferences: Preferences;
  readonly shell: ShellApi | null;
}

export function App({ translations, preferences, shell }: AppProps) {
  return (
    <I18nextProvider i18n={translations}>
      <PreferencesContext value={preferences}>
        <Styled>
          <Notifications position="bottom-right" autoClose={5_000} limit={3} />
          <SessionGate shell={shell} translations={translations} />
        </Styled>
      </PreferencesContext>
    </I18nextProvider>
  );
}

/** Theme and formats, which follow appearance and language. */
function Styled({ children }: { readonly children: React.ReactNode }) {
  const { t, i18n } = useTranslation();
  const language = i18n.language;
  const { scheme, contrast } = useAppearance(usePreferences());
  const resolver = useMemo(() => tokenResolver(contrast), [contrast]);
  const theme = useMemo(() => themeWith(t('app.close')), [t]);
  const formats = useMemo(() => formatsOf(language, t('app.justNow')), [language, t]);
  return (
    <MantineProvider theme={theme} forceColorScheme={scheme} cssVariablesResolver={resolver}>
      <FormatContext value={formats}>{children}</FormatContext>
    </MantineProvider>
  );
}
