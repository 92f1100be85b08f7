import type { QueryClient } from '@tanstack/react-query';
import type { Freshness } from '@/api/types';
import { LEVELS, worse } from './freshness';

const LATE_MS = 60_000;
const STALE_MS = 600_000;

/** The best that can be said of what nobody was heard of for so long; that a source is dead only the server knows. */
export function unheard(silentMs: number): Freshness {
  if (silentMs < LATE_MS) return 'fresh';
  return silentMs < STALE_MS ? 'late' : 'stale';
}

/** The same with every freshness in it at most as good as `best`; what nothing is changed of stays the same object. */
export function faded(value: unknown, best: Freshness): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const parts = Object.entries(value).map(([name, part]: [string, unknown]) => {
    const isLevel = name === 'freshness' && LEVELS.includes(part as Freshness);
    return [name, isLevel ? worse(part as Freshness, best) : faded(part, best)] as const;
  });
  if (parts.every(([name, part]) => part === (value as Record<string, unknown>)[name]))
    return value;
  return Array.isArray(value) ? parts.map(([, part]) => part) : Object.fromEntries(parts);
}

/** Let what the page knows grow old since it was read, or last told of by the stream; tells whether any did. */
export function fade(cache: QueryClient, heardAt: number, now: number): boolean {
  let hasFaded = false;
  for (const { queryKey, state } of cache.getQueryCache().findAll()) {
    const { data, dataUpdatedAt: updatedAt } = state;
    const older = faded(data, unheard(now - Math.max(heardAt, updatedAt)));
    if (older === data) continue;
    cache.setQueryData(queryKey, older, { updatedAt });
    hasFaded = true;
  }
  return hasFaded;
}
