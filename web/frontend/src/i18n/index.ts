import en from './en.json';
import type pages from './en.pages.json';
import { translate, type KeyOf, type Values, type Words } from './translate';

export const LANGUAGES = ['en', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];
export type Key = KeyOf<typeof en & typeof pages>;

const KEY = 'citypulse.language';

/** The words of the first view, and those of the pages beyond it; English begins with the page. */
const LOADERS: Record<Language, Record<'first' | 'pages', () => Promise<{ default: Words }>>> = {
  en: {
    first: () => Promise.resolve({ default: en }),
    pages: () => import('./en.pages.json'),
  },
  fr: {
    first: () => import('./fr.json'),
    pages: () => import('./fr.pages.json'),
  },
};
const trees: Record<Language, Words> = { en: { ...en }, fr: {} };
const listeners = new Set<() => void>();
let spoken: Language = 'en';

export function language(): Language {
  return spoken;
}

export function onLanguage(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Words in one language; what it has not (yet) is said in English. */
export function speaker(speaks: Language): (key: Key, values?: Values) => string {
  return (key, values) => translate([trees[speaks], trees.en], speaks, key, values);
}

/** Speak the reader's language; English when its words cannot be fetched. */
export function startLanguage(): Promise<void> {
  return speak(wanted(), 'first').catch(() => undefined);
}

export function setLanguage(chosen: Language): void {
  localStorage.setItem(KEY, chosen);
  void speak(chosen, 'first', 'pages').catch(() => undefined);
}

/** For `lazy`: a part of the page together with the words that the first view does without. */
export function withWords<Part>(load: () => Promise<Part>): () => Promise<Part> {
  return async () => {
    const [part] = await Promise.all([load(), learn(spoken, 'pages')]);
    return part;
  };
}

/** The language kept from before, else the browser's, else English. */
function wanted(): Language {
  const said = localStorage.getItem(KEY) ?? navigator.language;
  return LANGUAGES.find((one) => said.startsWith(one)) ?? 'en';
}

async function speak(chosen: Language, ...parts: ('first' | 'pages')[]): Promise<void> {
  await Promise.all(parts.map((part) => learn(chosen, part)));
  spoken = chosen;
  document.documentElement.lang = chosen;
  for (const tell of listeners) tell();
}

async function learn(chosen: Language, part: 'first' | 'pages'): Promise<void> {
  const { default: words } = await LOADERS[chosen][part]();
  Object.assign(trees[chosen], words);
}
