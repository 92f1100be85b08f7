import type { Feature, Report, Thing, Trail, Vehicle } from '@/api/types';
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

/** The selected vehicle, if it is one that is known. */
export function selectedVehicle(ref: string | null, vehicles?: Vehicle[]): Vehicle | undefined {
  return ref?.startsWith('vehicle:')
    ? vehicles?.find((one) => `vehicle:${one.id}` === ref)
    : undefined;
}

/** What is shown, with a line from where it was lately to where it is. */
export function withTrail(shown: Shown | null, trail: Trail | undefined): Shown | null {
  if (!shown || !trail || trail.items.length < 2) return shown;
  const passed = trail.items.map(({ lon, lat }) => [lon, lat]);
  const coordinates = [...passed, [shown.lon, shown.lat]];
  return { ...shown, geometry: { type: 'LineString', coordinates } };
}

/** The id of a selected thing that is not among those observed: a stop of a timetable, if anything. */
export function unlistedThing(ref: string | null, things: Thing[] | undefined): string | null {
  const [noun, id] = (ref ?? '').split(':');
  if (noun !== 'thing' || !id || !things || things.some((one) => one.id === id)) return null;
  return id;
}
