import { useMemo } from 'react';
import type { Feature, Report } from '@/api/types';
import { useNow } from '@/i18n/useText';
import { KEPT_PER_KIND } from '@/live/apply';
import { ITEM_KINDS, type ItemKind } from '@/ui/kinds';
import { readFilter } from './Filters';
import { counts, happening, keeps, type Item } from './items';
import { FOUND, REPORTS, useClosed, useFound } from './queries';

export interface CityList {
  items: Item[];
  refs: Set<string>;
  features: Feature[];
  /** What each kind's chip counts. */
  counts: Map<ItemKind, number>;
  /** The kinds of which there may be more than is loaded. */
  more: Set<ItemKind>;
  /** Whether a kind that is shown is among them. */
  isCut: boolean;
  filtered: boolean;
}

/** The rows of "happening now". */
export function useList(
  slug: string,
  params: URLSearchParams,
  features: Feature[],
  reports: Report[],
): CityList {
  const now = useNow();
  const q = params.get('q')?.trim() ?? '';
  const found = useFound(slug, q);
  const kinds = params.get('kinds') ?? '';
  const since = params.get('since') ?? '';
  const closed = params.get('closed') ?? '';
  const over = useClosed(slug, closed === '1').data;
  return useMemo(() => {
    const filter = readFilter(new URLSearchParams({ kinds, since, closed }));
    const words = q.length > 1 ? q.toLowerCase() : '';
    const known = over ? unique([...features, ...over]) : features;
    const all = happening(
      words ? (found.data ?? known.filter((f) => f.title.toLowerCase().includes(words))) : known,
      words
        ? reports.filter((r) => `${r.title} ${r.reference}`.toLowerCase().includes(words))
        : reports,
      now,
    );
    const items = all.filter((one) => keeps(filter, one, now)).map((one) => one.item);
    const cut = words && found.data ? cutAt(FOUND, found.data) : more(features, over, reports);
    return {
      items,
      refs: new Set<string>(items.map((item) => item.ref)),
      features: known,
      counts: tally(all.filter((one) => counts(filter, one, now))),
      more: cut,
      isCut: [...cut].some((kind) => filter.kinds.size === 0 || filter.kinds.has(kind)),
      filtered: filter.kinds.size > 0 || filter.hours !== null || words !== '',
    };
  }, [features, reports, found.data, over, q, kinds, since, closed, now]);
}

function unique(features: Feature[]): Feature[] {
  return [...new Map(features.map((feature) => [feature.id, feature])).values()];
}

/** How many there are of each kind. */
function tally(items: { kind: ItemKind }[]): Map<ItemKind, number> {
  const perKind = new Map<ItemKind, number>();
  for (const { kind } of items) perKind.set(kind, (perKind.get(kind) ?? 0) + 1);
  return perKind;
}

/** Every kind, when a list of all kinds is as long as it may be. */
function cutAt(most: number, items: unknown[]): Set<ItemKind> {
  return new Set(items.length < most ? [] : ITEM_KINDS);
}

function more(features: Feature[], over: Feature[] | undefined, reports: Report[]): Set<ItemKind> {
  const full = [...tally(features)].filter(([, count]) => count >= KEPT_PER_KIND);
  return new Set([
    ...full.map(([kind]) => kind),
    ...cutAt(KEPT_PER_KIND, over ?? []),
    ...(reports.length >= REPORTS ? (['report'] as const) : []),
  ]);
}
