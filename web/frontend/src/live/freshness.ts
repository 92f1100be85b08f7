import type { Freshness } from '@/api/types';

/** From best to worst. */
export const LEVELS: Freshness[] = ['fresh', 'late', 'stale', 'dead'];
const JUST_MS = 60_000;

export function worse(one: Freshness, other: Freshness): Freshness {
  return LEVELS.indexOf(one) > LEVELS.indexOf(other) ? one : other;
}

/**
 * What was true a minute before it was told, or bears no time, is fresh whatever the feed's rhythm; the
 * server alone judges what is older, and until it is asked nothing older makes an item fresh.
 */
export function isJust(observedAt: string | null, toldAt: string): boolean {
  return observedAt === null || Date.parse(toldAt) - Date.parse(observedAt) <= JUST_MS;
}
