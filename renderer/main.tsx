/** Entry of the window: fonts, styles, texts, then the app. */
import './zod-setup.ts';
import '@fontsource-variable/inter/index.css';
import '@fontsource-variable/jetbrains-mono/index.css';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './styles/global.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app.tsx';
import { loadPreferences } from './app/appearance.ts';
import { preferredLanguage, startTranslations } from './i18n.ts';

const translations = await startTranslations(preferredLanguage(localStorage, navigator.languages));
const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root');
createRoot(root).render(
  <StrictMode>
    <App translations={translations} preferences={loadPreferences(localStorage)} shell={window.millrace ?? null} />
  </StrictMode>,
);
