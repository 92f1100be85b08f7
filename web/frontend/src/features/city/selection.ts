import type { Feature, Report, Thing, Vehicle } from '@/api/types';
import type { Shown } from '@/map/CityMap';

/** Where the selected item lies, or null when it has no place or is not known. */
export function shownOnMap(
  ref: string | null,
  features: Feature[] = [],
  reports: Report[] = [],
  vehicles: Vehicle[] = [],
  things: Thing[] = [],
): Shown | null {
  const [noun, id] = (ref ?? '').split(':');
  const among = { feature: features, report: reports, vehicle: vehicles, thing: things }[
    noun ?? ''
  ];
  const found = (among as (Feature | Report | Vehicle | Thing)[] | undefined)?.find(
    (one) => one.id === id,
  );
  if (found?.lon == null || found.lat == null) return null;
  const geometry = 'geometry' in found ? (found.geometry as unknown as GeoJSON.Geometry) : null;
  const kind = 'kind' in found ? found.kind : 'report';
  return { lon: found.lon, lat: found.lat, kind, geometry };
}

/** The id of a selected thing that is not among those observed: a stop of a timetable, if anything. */
export function unlistedThing(ref: string | null, things: Thing[] | undefined): string | null {
  const [noun, id] = (ref ?? '').split(':');
  if (noun !== 'thing' || !id || !things || things.some((one) => one.id === id)) return null;
  return id;
}
