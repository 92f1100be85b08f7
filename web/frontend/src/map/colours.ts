const TOKENS = [
  'bg',
  'surface',
  'land',
  'water',
  'ink',
  'muted',
  'control',
  'line',
  'accent',
  'onaccent',
  'report',
  'transit',
  'bike',
  'air',
  'weather',
  'roadworks',
  'event',
  'news',
] as const;

export type MapColours = Record<(typeof TOKENS)[number], string>;

/** The tokens' values in the theme shown now. */
export function readColours(): MapColours {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    TOKENS.map((token) => [token, style.getPropertyValue(`--${token}`).trim()]),
  ) as MapColours;
}
