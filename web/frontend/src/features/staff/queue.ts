/** What of the queue is asked for, as the address and the API say it. Pure. */
import type { ReportStatus } from '@/api/types';

export const STATUSES: ReportStatus[] = [
  'received',
  'published',
  'in_progress',
  'resolved',
  'closed',
];
/** What somebody still has to do something about. */
export const OPEN: ReportStatus[] = ['received', 'published', 'in_progress'];

/** Since or before how many days ago a report was filed. */
const AGES: Record<string, { since?: number; before?: number }> = {
  day: { since: 1 },
  week: { since: 7 },
  over3: { before: 3 },
  over14: { before: 14 },
};
export const AGE_NAMES = ['day', 'week', 'over3', 'over14'] as const;
const DAY_MS = 86_400_000;

export interface Filter {
  /** One status, `all`, or nothing: what is open. */
  status: string;
  category: string;
  age: string;
  /** `newest`, or nothing: what waits the longest first. */
  order: string;
}

/** The filter that an address names; what it does not know counts as nothing. */
export function filterOf(params: URLSearchParams): Filter {
  const one = (name: string, known: readonly string[]) => {
    const value = params.get(name) ?? '';
    return known.includes(value) ? value : '';
  };
  return {
    status: one('status', [...STATUSES, 'all']),
    category: params.get('category') ?? '',
    age: one('age', AGE_NAMES),
    order: one('order', ['newest']),
  };
}

/** The filter as the API takes it. */
export function queryOf({ status, category, age, order }: Filter, now: number) {
  const ago = (days: number | undefined) =>
    days === undefined ? undefined : new Date(now - days * DAY_MS).toISOString();
  const { since, before } = AGES[age] ?? {};
  return {
    status: status === 'all' ? undefined : status || OPEN.join(','),
    category: category || undefined,
    since: ago(since),
    before: ago(before),
    order: order === 'newest' ? ('newest' as const) : ('oldest' as const),
  };
}

/** How many of some statuses there are. */
export function total(counts: Partial<Record<string, number>>, of: readonly string[]): number {
  return of.reduce((all, status) => all + (counts[status] ?? 0), 0);
}

/**
 * The report after this one; when it has left the list, the one that took its place, else the first.
 *
 * `at` is where it stood when it was last in the list.
 */
export function following(ids: string[], id: string, at: number): string | null {
  const here = ids.indexOf(id);
  return (here < 0 ? (ids[at] ?? ids[0]) : ids[here + 1]) ?? null;
}
