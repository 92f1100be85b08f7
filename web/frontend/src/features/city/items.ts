import type { Feature, Freshness, Report, Source, Thing, Vehicle } from '@/api/types';
import { mainStream, type Ref } from '@/map/geojson';
import type { ItemKind } from '@/ui/kinds';

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
  /** A number that leads, with its unit. */
  value?: { result: number | null; unit: string | null };
}

export interface Filter {
  kinds: Set<ItemKind>;
  /** Hours back, or null for all. */
  hours: number | null;
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

export function vehicleItem(vehicle: Vehicle): Item {
  return {
    ref: `vehicle:${vehicle.id}`,
    kind: vehicle.kind,
    title: vehicle.route ?? vehicle.label ?? vehicle.external_id,
    place: vehicle.label && vehicle.route ? vehicle.label : null,
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
    value: main && { result: main.result ?? null, unit: main.unit ?? null },
  };
}

interface Dated {
  kind: ItemKind;
  updated_at: string;
  item: Item;
}

/** What happens, newest first: features and reports together. */
export function happening(features: Feature[], reports: Report[]): Dated[] {
  const all: Dated[] = [
    ...features.map((f) => ({ kind: f.kind, updated_at: f.updated_at, item: featureItem(f) })),
    ...reports.map((r) => ({
      kind: 'report' as const,
      updated_at: r.updated_at,
      item: reportItem(r),
    })),
  ];
  return all.sort((a, b) => (a.updated_at < b.updated_at ? 1 : -1));
}

export function withinHours(updatedAt: string, hours: number | null, now: number): boolean {
  return hours === null || now - Date.parse(updatedAt) <= hours * 3_600_000;
}

/** No kind chosen means all of them. */
export function keeps(filter: Filter, one: { kind: ItemKind; updated_at: string }, now: number) {
  const kind = filter.kinds.size === 0 || filter.kinds.has(one.kind);
  return kind && withinHours(one.updated_at, filter.hours, now);
}
