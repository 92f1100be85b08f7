import type { Feed, FeedPreview } from '@/api/types';

const EDITED = [
  'kind',
  'url',
  'name',
  'interval_seconds',
  'options',
  'attribution',
  'license',
  'paused',
] as const;

/** What of a feed is another than it was, of that which a form edits, and what it is now. */
export function changedFields(
  before: Feed,
  now: Feed,
): { field: (typeof EDITED)[number]; value: string }[] {
  const written = (feed: Feed, field: (typeof EDITED)[number]) =>
    typeof feed[field] === 'object' ? JSON.stringify(feed[field]) : String(feed[field]);
  return EDITED.filter((field) => written(before, field) !== written(now, field)).map((field) => ({
    field,
    value: written(now, field),
  }));
}

/** All refusals of a run, whatever their reasons. */
export function rejectedCount(rejected: Record<string, number> | null | undefined): number {
  return Object.values(rejected ?? {}).reduce((a, b) => a + b, 0);
}

/** A local `datetime-local` value, `hours` before an instant. */
export function localHoursBefore(now: Date, hours: number): string {
  const at = new Date(now.getTime() - hours * 3_600_000 - now.getTimezoneOffset() * 60_000);
  return at.toISOString().slice(0, 16);
}

export const HEALTHS = [
  'working',
  'overdue',
  'failing',
  'open',
  'shrunk',
  'drifted',
  'waiting',
  'paused',
] as const;
export type Health = (typeof HEALTHS)[number];

/** A run may come this much later than the feed's rhythm: the queue has other work too. */
const GRACE_SECONDS = 120;

/**
 * How a feed is, in one word: paused by somebody; `open` while its publisher is left alone after
 * failures in a row; failing; `waiting` for its first run; `overdue` when nobody has run it for three
 * of its rounds, and it has no hours; `shrunk` while its list is suddenly much shorter; `drifted`
 * while its records lack a field that most of them had; else working.
 */
export function healthOf(feed: Feed, now: number): Health {
  if (feed.paused) return 'paused';
  if (feed.open_until && Date.parse(feed.open_until) > now) return 'open';
  if (feed.failures_in_a_row > 0) return 'failing';
  if (!feed.last_run) return 'waiting';
  const round = Math.max(feed.interval_seconds, feed.ttl_seconds ?? 0);
  const lateAt = Date.parse(feed.last_run.started_at) + (3 * round + GRACE_SECONDS) * 1_000;
  if (lateAt < now && !feed.options.hours) return 'overdue';
  if (feed.shrunk_since) return 'shrunk';
  return feed.drifted_since ? 'drifted' : 'working';
}

/** Has its first run not ended yet, well or badly? Then nothing is known of what it holds. */
export function isNew({ paused, last_success_at, failures_in_a_row }: Feed): boolean {
  return !paused && last_success_at === null && failures_in_a_row === 0;
}

/** How many of all records a preview read, and how many it would set aside. */
export function tally(preview: FeedPreview): { read: number; rejected: number } {
  const rejected = rejectedCount(preview.rejected);
  return { read: rejectedCount(preview.read) - rejected, rejected };
}

/** What a record of a preview is called, where it is, and when it was so: whichever of them it tells. */
export function summary(record: Record<string, unknown>): {
  type: string;
  title: string;
  place: string;
  at: string | null;
} {
  const text = (...names: string[]) =>
    names.map((name) => record[name]).find((value) => typeof value === 'string' && value !== '');
  const { lon, lat } = record;
  return {
    type: String(record.type),
    title: String(text('title', 'name', 'label', 'external_id', 'record') ?? ''),
    place:
      typeof lon === 'number' && typeof lat === 'number'
        ? `${lat.toFixed(4)}, ${lon.toFixed(4)}`
        : String(text('address') ?? ''),
    at: (text('phenomenon_time', 'observed_at', 'starts_at', 'published_at') as string) ?? null,
  };
}

/** The problems of a preview by their reason, the commonest first. */
export function byReason(
  preview: FeedPreview,
): { reason: string; count: number; samples: Record<string, unknown>[] }[] {
  return Object.entries(preview.rejected)
    .map(([reason, count]) => ({
      reason,
      count,
      samples: preview.problems.filter((one) => one.reason === reason),
    }))
    .sort((a, b) => b.count - a.count);
}

/** The options that were written, or null when they are no JSON object. */
export function readOptions(text: string): Record<string, unknown> | null {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
