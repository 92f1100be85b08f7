/** Ages and clock times in the reader's language. Pure: now is an argument. */

/** Making a formatter costs many times what using it does, and every row of a list uses one. */
function kept<Options, Format>(make: (language: string, options: Options) => Format) {
  const known = new Map<string, Format>();
  return (language: string, options: Options): Format => {
    const key = language + JSON.stringify(options);
    const format = known.get(key) ?? make(language, options);
    known.set(key, format);
    return format;
  };
}

const numbers = kept((language, options: Intl.NumberFormatOptions) =>
  Intl.NumberFormat(language, options),
);
const dates = kept((language, options: Intl.DateTimeFormatOptions) =>
  Intl.DateTimeFormat(language, options),
);

/** The reader's own form of a language (`en-GB`), whose dates and numbers they know; else the language. */
export function regionalForm(language: string, wanted: readonly string[]): string {
  return wanted.find((one) => one.split('-')[0] === language) ?? language;
}

const STEPS: [limitSeconds: number, unitSeconds: number, unit: Intl.NumberFormatOptions['unit']][] =
  [
    [60, 1, 'second'],
    [3_600, 60, 'minute'],
    [86_400, 3_600, 'hour'],
    [Infinity, 86_400, 'day'],
  ];

/** How long ago, in the largest unit that counts: `12 sec`, `4 min`, `3 hr`, `2 days`. */
export function age(at: string | null | undefined, now: number, language: string): string {
  if (!at || Number.isNaN(Date.parse(at))) return '';
  const seconds = Math.max(0, Math.floor((now - Date.parse(at)) / 1_000));
  return duration(seconds, language);
}

export function duration(seconds: number, language: string): string {
  const [, size, unit] = STEPS.find(([limit]) => seconds < limit) ?? [0, 86_400, 'day'];
  return numbers(language, { style: 'unit', unit, unitDisplay: 'short' }).format(
    Math.floor(seconds / size),
  );
}

/** `14:02`, in the zone given. */
export function clock(at: string | number | Date, language: string, timeZone?: string): string {
  return dates(language, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
  }).format(new Date(at));
}

/** Day and time; with the zone's name when the city's clock differs from the reader's. */
export function moment(at: string | null | undefined, language: string, timeZone?: string): string {
  if (!at) return '–';
  // What is no time is shown as it is.
  if (Number.isNaN(Date.parse(at))) return at;
  return dates(language, {
    day: 'numeric',
    month: 'short',
    year: yearsDiffer(at) ? 'numeric' : undefined,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZone,
    timeZoneName: timeZone && clocksDiffer(at, timeZone) ? 'short' : undefined,
  }).format(new Date(at));
}

/** `3 Mar 2026`. */
export function day(at: string | null | undefined, language: string): string {
  if (!at || Number.isNaN(Date.parse(at))) return at ?? '–';
  return dates(language, { dateStyle: 'medium' }).format(new Date(at));
}

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

/** `1.2 MB`. */
export function bytes(size: number | null | undefined, language: string): string {
  if (size == null) return '–';
  const step = size < 1 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log10(size) / 3));
  return numbers(language, {
    style: 'unit',
    unit: SIZES[step],
    unitDisplay: 'short',
    maximumFractionDigits: 1,
  }).format(size / 1_000 ** step);
}

function clocksDiffer(at: string, timeZone: string): boolean {
  return clock(at, 'en', timeZone) !== clock(at, 'en');
}

function yearsDiffer(at: string): boolean {
  return new Date(at).getFullYear() !== new Date().getFullYear();
}

export function count(value: number | null | undefined, language: string): string {
  if (value == null) return '–';
  return numbers(language, { maximumFractionDigits: 1 }).format(value);
}
