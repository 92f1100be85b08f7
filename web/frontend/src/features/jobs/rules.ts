import type { JobState } from '@/api/types';

export const STATES: JobState[] = [
  'running',
  'queued',
  'scheduled',
  'retryable',
  'dead',
  'cancelled',
  'succeeded',
];

export const canCancel = (state: JobState) =>
  state === 'scheduled' || state === 'queued' || state === 'running' || state === 'retryable';

export const canRetry = (state: JobState) =>
  state === 'dead' || state === 'cancelled' || state === 'retryable';

/** Seconds between two instants, or null while one is missing. */
export function seconds(
  from: string | null | undefined,
  to: string | null | undefined,
): number | null {
  return from && to ? Math.max(0, (Date.parse(to) - Date.parse(from)) / 1_000) : null;
}
