import { useState } from 'react';

/**
 * A list that does not move under its reader: away from the top, rows keep their places and new
 * ones wait to be asked for.
 */
export function useHeld<T extends { ref: string }>(items: T[], atTop: boolean, filterKey: string) {
  const [order, setOrder] = useState<{ key: string; refs: string[] }>({ key: filterKey, refs: [] });
  const follow = atTop || order.key !== filterKey || order.refs.length === 0;
  const refs = items.map((item) => item.ref);
  if (follow && (order.key !== filterKey || !same(refs, order.refs))) {
    setOrder({ key: filterKey, refs });
  }
  return {
    ...hold(items, follow ? refs : order.refs),
    release: () => setOrder({ key: filterKey, refs }),
  };
}

function same(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every((ref, i) => ref === b[i]);
}

/** The known rows in their known order, and how many wait. Pure. */
export function hold<T extends { ref: string }>(
  items: T[],
  order: string[],
): { shown: T[]; waiting: number } {
  const current = new Map(items.map((item) => [item.ref, item]));
  const shown = order.flatMap((ref) => current.get(ref) ?? []);
  return { shown, waiting: items.length - shown.length };
}
