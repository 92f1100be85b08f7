import i18next from 'i18next';
import en from './en.json';

export const LANGUAGES = ['en', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

const KEY = 'citypulse.language';
/** English is always there; the others are fetched by who reads them. */
const LOADERS: Record<Exclude<Language, 'en'>, () => Promise<{ default: object }>> = {
  fr: () => import('./fr.json'),
};

/** The language kept from before, else the browser's, else English. */
function wanted(): Language {
  const said = localStorage.getItem(KEY) ?? navigator.language;
  return LANGUAGES.find((language) => said.startsWith(language)) ?? 'en';
}

void i18next.init({
  lng: 'en',
  fallbackLng: 'en',
  resources: { en: { translation: en } },
  interpolation: { escapeValue: false },
  initAsync: false,
});

async function speak(language: Language): Promise<void> {
  if (language !== 'en' && !i18next.hasResourceBundle(language, 'translation')) {
    const { default: words } = await LOADERS[language]();
    i18next.addResourceBundle(language, 'translation', words);
  }
  document.documentElement.lang = language;
  await i18next.changeLanguage(language);
}

/** Speak the reader's language; English when its words cannot be fetched. */
export function startLanguage(): Promise<void> {
  return speak(wanted()).catch(() => undefined);
}

export function setLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
  void speak(language);
}

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}
