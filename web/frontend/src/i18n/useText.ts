import { useMemo, useSyncExternalStore } from 'react';
import { language as spoken, onLanguage, speaker, type Language } from './index';
import { age, bytes, clock, count, day, duration, moment, regionalForm } from './time';

const TICK_MS = 30_000;
let now = Date.now();
const listeners = new Set<() => void>();
let timer: number | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= window.setInterval(tick, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  now = Date.now();
  for (const tell of listeners) tell();
}

/** The time, moving on every 30 s for the whole page together. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => {
    if (Date.now() - now > TICK_MS) now = Date.now();
    return now;
  });
}

/** Words, numbers and times in the reader's language. */
export function useText() {
  const language = useSyncExternalStore(onLanguage, spoken);
  return useMemo(() => words(language), [language]);
}

function words(language: Language) {
  const form = regionalForm(language, navigator.languages);
  return {
    t: speaker(language),
    language,
    age: (at: string | null | undefined, at_now: number) =>
      age(at, Math.max(at_now, Date.now()), form),
    duration: (seconds: number) => duration(seconds, form),
    clock: (at: string | number | Date, zone?: string) => clock(at, form, zone),
    moment: (at: string | null | undefined, zone?: string) => moment(at, form, zone),
    day: (at: string | null | undefined) => day(at, form),
    bytes: (size: number | null | undefined) => bytes(size, form),
    count: (value: number | null | undefined) => count(value, form),
  };
}
