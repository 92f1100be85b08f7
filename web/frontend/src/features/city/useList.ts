import { useMemo } from 'react';
import type { Feature, Report } from '@/api/types';
import { useNow } from '@/i18n/useText';
import { KEPT_PER_KIND } from '@/live/apply';
import { ITEM_KINDS, type ItemKind } from '@/ui/kinds';
import { readFilter } from './Filters';
import { counts, happening, keeps, unique, type Item } from './items';
import { REPORTS, useClosed } from './queries';
import { FOUND, useFound } from './search';

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
  search: Omit<ReturnType<typeof useFound>, 'data'>;
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
  const { data: found, searched, again } = useFound(slug, q);
  const kinds = params.get('kinds') ?? '';
  const since = params.get('since') ?? '';
  const closed = params.get('closed') ?? '';
  const over = useClosed(slug, closed === '1').data;
  return useMemo(() => {
    const filter = readFilter(new URLSearchParams({ kinds, since, closed }));
    const words = q.length > 1 ? q.toLowerCase() : '';
    const known = over ? unique([...features, ...over.items]) : features;
    const all = happening(
      words ? (found ?? known.filter((f) => f.title.toLowerCase().includes(words))) : known,
      words
        ? reports.filter((r) => `${r.title} ${r.reference}`.toLowerCase().includes(words))
        : reports,
      now,
    );
    const items = all.filter((one) => keeps(filter, one, now)).map((one) => one.item);
    const isWhole = searched === null && again === null;
    const cut =
      words && found ? cutAt(isWhole ? FOUND : 0, found) : more(features, over?.next, reports);
    return {
      items,
      refs: new Set<string>(items.map((item) => item.ref)),
      features: known,
      counts: tally(all.filter((one) => counts(filter, one, now))),
      more: cut,
      isCut: [...cut].some((kind) => filter.kinds.size === 0 || filter.kinds.has(kind)),
      filtered: filter.kinds.size > 0 || filter.hours !== null || words !== '',
      search: { searched, again },
    };
  }, [features, reports, found, searched, again, over, q, kinds, since, closed, now]);
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

function more(
  features: Feature[],
  nextClosed: string | null | undefined,
  reports: Report[],
): Set<ItemKind> {
  const full = [...tally(features)].filter(([, count]) => count >= KEPT_PER_KIND);
  return new Set([
    ...full.map(([kind]) => kind),
    ...(nextClosed ? ITEM_KINDS : []),
    ...(reports.length >= REPORTS ? (['report'] as const) : []),
  ]);
}
