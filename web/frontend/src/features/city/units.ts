import type { Key } from '@/i18n';
import type { Values } from '@/i18n/translate';

/** Units come from the API as UCUM codes; these are the ones people write otherwise. */
const WRITTEN: Record<string, string> = {
  Cel: '°C',
  '[degF]': '°F',
  'ug/m3': 'µg/m³',
  'mg/m3': 'mg/m³',
  'km/h': 'km/h',
  deg: '°',
  hPa: 'hPa',
  '[ppb]': 'ppb',
  '[ppm]': 'ppm',
};

export interface Measured {
  observed_property: string;
  unit?: string | null;
}

export type Say = (key: Key, values?: Values) => string;

export function propertyWords(t: Say, { observed_property }: Measured): string {
  return humanWords(t, observed_property) ?? observed_property;
}

/** The unit as written; what is only counted is named by what it counts (`bikes`). */
export function unitOf(t: Say, { observed_property, unit }: Measured): string {
  if (unit && unit !== '1') return WRITTEN[unit] ?? unit;
  const counted = observed_property.split('_')[0] ?? '';
  return t(`counted.${counted}` as 'counted.bikes', { defaultValue: counted });
}

/**
 * A code of a standard (`no_service`) in the reader's words, one that nobody translated as its own
 * words: `No service`; what is no code stays as the publisher wrote it.
 */
export function humanWords(t: Say, code: string | null | undefined): string | null {
  if (!code || !/^[a-z][a-z0-9_]*$/.test(code)) return code ?? null;
  const words = code.replaceAll('_', ' ');
  const defaultValue = words.charAt(0).toUpperCase() + words.slice(1);
  return t(`word.${code}` as 'word.open', { defaultValue });
}
