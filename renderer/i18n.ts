/** Starts the translations and keeps the chosen language. Texts are in messages/. */
import i18next, { type i18n } from 'i18next';
import { initReactI18next } from 'react-i18next';
import { type Language, languages, type Texts, textsOf } from './messages/index.ts';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: Texts };
    returnNull: false;
  }
}

const storageKey = 'millrace.language';

/** A stored or system language, as far as we have it; English otherwise. */
export function preferredLanguage(storage: Storage, systemLanguages: readonly string[]): Language {
  const wishes = [storage.getItem(storageKey) ?? '', ...systemLanguages];
  for (const wish of wishes) {
    const known = languages.find((language) => wish.toLowerCase().startsWith(language));
    if (known !== undefined) return known;
  }
  return 'en';
}

/** The language that is on. */
export function currentLanguage(instance: i18n): Language {
  return languages.find((language) => instance.language === language) ?? 'en';
}

/** Changes the language and remembers it. */
export async function chooseLanguage(instance: i18n, language: Language): Promise<void> {
  localStorage.setItem(storageKey, language);
  await instance.changeLanguage(language);
}

/** Starts i18next with both languages in memory, so that nothing is loaded later. */
export async function startTranslations(language: Language): Promise<i18n> {
  const instance = i18next.createInstance();
  const showLanguage = (now: string) => {
    document.documentElement.lang = now;
  };
  instance.on('languageChanged', showLanguage);
  await instance.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'en',
    resources: Object.fromEntries(languages.map((each) => [each, { translation: textsOf(each) }])),
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  showLanguage(language);
  return instance;
}
