const WHATS = ['new', 'changed', 'removed'] as const;
export type What = (typeof WHATS)[number];

export interface NounCounts {
  noun: string;
  new: number;
  changed: number;
  removed: number;
  same: number;
}

export interface Sample {
  noun: string;
  external_id: string;
  kind: string | null;
  fields: [name: string, before: string, after: string][];
}

/** How many runs were read, what they come to by noun, what is set aside, and the first of each. Pure. */
export function readDifference(difference: Record<string, unknown>): {
  runs: number;
  unread: number;
  nouns: NounCounts[];
  rejected: [reason: string, count: number][];
  samples: [What, Sample[]][];
} {
  const { runs, unread, rejected, samples, ...rest } = difference;
  const nouns = Object.entries(rest)
    .filter(([, value]) => isObject(value))
    .map(([noun, value]) => {
      const told = value as Record<string, number>;
      const of = (what: string) => told[what] ?? 0;
      const counts = { new: of('new'), changed: of('changed'), removed: of('removed') };
      return { noun, ...counts, same: of('same') };
    });
  const lists = isObject(samples) ? samples : {};
  return {
    runs: typeof runs === 'number' ? runs : 0,
    unread: Array.isArray(unread) ? unread.length : 0,
    nouns,
    rejected: Object.entries(isObject(rejected) ? rejected : {}).map(([why, n]) => [
      why,
      Number(n),
    ]),
    samples: WHATS.map((what): [What, Sample[]] => [what, readSamples(lists[what])]).filter(
      ([, list]) => list.length > 0,
    ),
  };
}

function readSamples(list: unknown): Sample[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isObject).map(({ noun, external_id, kind, fields }) => ({
    noun: String(noun),
    external_id: String(external_id),
    kind: typeof kind === 'string' ? kind : null,
    fields: Object.entries(isObject(fields) ? fields : {}).map(([name, change]) => {
      const [before, after] = Array.isArray(change) ? (change as unknown[]) : [null, change];
      return [name, written(before), written(after)];
    }),
  }));
}

function written(value: unknown): string {
  if (value === null || value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
