import type { Freshness } from '@/api/types';

/** From best to worst. */
export const LEVELS: Freshness[] = ['fresh', 'late', 'stale', 'dead'];

export function worse(one: Freshness, other: Freshness): Freshness {
  return LEVELS.indexOf(one) > LEVELS.indexOf(other) ? one : other;
}
