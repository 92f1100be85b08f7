import type { Feature, Freshness, Report, Source, Thing, Vehicle } from '@/api/types';
import { mainStream, type Ref } from '@/map/geojson';
import type { ItemKind } from '@/ui/kinds';
import type { Measured } from './units';

/** One row of a list, whatever it stands for. */
export interface Item {
  ref: Ref;
  kind: string;
  title: string;
  place: string | null;
  /** When it was last true: observed, else published, else fetched. */
  at: string;
  freshness: Freshness;
  source: Source | null;
  lon: number | null;
  lat: number | null;
  /** A number that leads, and what was measured or counted. */
  value?: { result: number | null; of: Measured };
}

export interface Filter {
  kinds: Set<ItemKind>;
  /** Hours back, or null for all. */
  hours: number | null;
  /** Also what is over. */
  closed: boolean;
}

type Timed = Pick<Feature, 'times'>;
export function trueAt({ times }: Timed): string {
  return times.observed_at ?? times.published_at ?? times.fetched_at;
}

export function featureItem(feature: Feature): Item {
  return {
    ref: `feature:${feature.id}`,
    kind: feature.kind,
    title: feature.title,
    place: feature.address || null,
    at: trueAt(feature),
    freshness: feature.freshness,
    source: feature.source,
    lon: feature.lon ?? null,
    lat: feature.lat ?? null,
  };
}

export function reportItem(report: Report): Item {
  return {
    ref: `report:${report.id}`,
    kind: 'report',
    title: report.title,
    place: report.address || report.area?.name || null,
    at: report.updated_at,
    freshness: 'fresh',
    source: null,
    lon: report.lon ?? null,
    lat: report.lat ?? null,
  };
}

/** What people call it: a label in words, else the line, else its number. */
export function vehicleTitle(vehicle: Vehicle): string {
  const { label, route, route_name, headsign, external_id } = vehicle;
  if (route_name && headsign) return `${route_name} → ${headsign}`;
  return (label?.includes(' ') ? label : (route_name ?? route)) ?? label ?? external_id;
}

export function vehicleItem(vehicle: Vehicle): Item {
  return {
    ref: `vehicle:${vehicle.id}`,
    kind: vehicle.kind,
    title: vehicleTitle(vehicle),
    place: null,
    at: trueAt(vehicle),
    freshness: vehicle.freshness,
    source: vehicle.source,
    lon: vehicle.lon,
    lat: vehicle.lat,
  };
}

export function thingItem(thing: Thing): Item {
  const main = mainStream(thing);
  return {
    ref: `thing:${thing.id}`,
    kind: thing.kind,
    title: thing.name,
    place: null,
    at: main?.phenomenon_time ?? trueAt(thing),
    freshness: thing.freshness,
    source: thing.source,
    lon: thing.lon ?? null,
    lat: thing.lat ?? null,
    value: main && { result: main.result ?? null, of: main },
  };
}

interface Dated {
  kind: ItemKind;
  item: Item;
  over: boolean;
}

const OVER = /^(closed|resolved|completed|cancelled|canceled|expired|ended)$/i;

/** Is it no longer happening, by its status or by its end? */
export function isOver(item: { status?: string | null; ends_at?: string | null }, now: number) {
  return OVER.test(item.status ?? '') || (item.ends_at != null && Date.parse(item.ends_at) < now);
}

/** What happens, newest first: features and reports together. */
export function happening(features: Feature[], reports: Report[], now: number): Dated[] {
  const all: Dated[] = [
    ...features.map((f) => ({ kind: f.kind, item: featureItem(f), over: isOver(f, now) })),
    ...reports.map((r) => ({
      kind: 'report' as const,
      item: reportItem(r),
      over: isOver(r, now),
    })),
  ];
  return all.sort((a, b) => Date.parse(b.item.at) - Date.parse(a.item.at));
}

export function withinHours(at: string, hours: number | null, now: number): boolean {
  return hours === null || now - Date.parse(at) <= hours * 3_600_000;
}

/** A count in words: a plus where there may be more than is loaded, and "…" for none where there may be some. */
export function told(
  count: number | undefined,
  { more, reading }: { more: boolean; reading: boolean },
  write: (count: number) => string,
): string {
  if (count === undefined || (count === 0 && (reading || more))) return '…';
  return `${write(count)}${more ? '+' : ''}`;
}

/** No kind chosen means all of them. */
export function keeps(filter: Filter, one: Dated, now: number): boolean {
  const kind = filter.kinds.size === 0 || filter.kinds.has(one.kind);
  return kind && counts(filter, one, now);
}

/** What the chips count: everything that time and state let through, of any kind. */
export function counts(filter: Filter, one: Dated, now: number): boolean {
  return (filter.closed || !one.over) && withinHours(one.item.at, filter.hours, now);
}

/** Each feature once, as it was told first. */
export function unique(features: Feature[]): Feature[] {
  const known = new Map<string, Feature>();
  for (const feature of features) if (!known.has(feature.id)) known.set(feature.id, feature);
  return [...known.values()];
}
