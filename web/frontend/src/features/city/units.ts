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

interface Measured {
  observed_property: string;
  unit?: string | null;
}

export function propertyWords({ observed_property }: Measured): string {
  return observed_property.replaceAll('_', ' ');
}

/** The unit as written; what is only counted is named by what it counts (`bikes`). */
export function unitOf(stream: Measured): string {
  const unit = stream.unit ?? '';
  if (unit === '' || unit === '1') return propertyWords(stream).split(' ')[0] ?? '';
  return WRITTEN[unit] ?? unit;
}

/** A code such as `no_service` as words: `No service`; what is no code stays as the publisher wrote it. */
export function humanWords(code: string | null | undefined): string | null {
  if (!code || !/^[a-z][a-z0-9_]*$/.test(code)) return code ?? null;
  const words = code.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
