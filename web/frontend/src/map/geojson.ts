import type { Feature, Report, Thing, Vehicle } from '@/api/types';
import { look } from '@/ui/kinds';

export type Ref = `${'feature' | 'report' | 'vehicle' | 'thing'}:${string}`;

/** A line's name fits beside a vehicle up to this many letters. */
const SHORT = 5;

type Points = GeoJSON.FeatureCollection<GeoJSON.Point>;
type Point = GeoJSON.Feature<GeoJSON.Point>;

function point(ref: Ref, lon: number, lat: number, properties: Record<string, unknown>): Point {
  return {
    type: 'Feature',
    id: ref,
    geometry: { type: 'Point', coordinates: [lon, lat] },
    properties: { ref, ...properties },
  };
}

const collection = (features: Point[]): Points => ({ type: 'FeatureCollection', features });

/** What happens and what was reported, as one clustered source. */
export function itemPoints(features: Feature[], reports: Report[]): Points {
  return collection([
    ...features.flatMap((item) =>
      item.lon === null || item.lat === null
        ? []
        : [
            point(`feature:${item.id}`, item.lon, item.lat, {
              colour: look(item.kind).colour,
              icon: look(item.kind).icon,
              old: item.freshness === 'stale' || item.freshness === 'dead',
            }),
          ],
    ),
    ...reports.flatMap((item) =>
      item.lon === null || item.lat === null
        ? []
        : [
            point(`report:${item.id}`, item.lon, item.lat, {
              colour: 'report',
              icon: 'report',
              old: false,
            }),
          ],
    ),
  ]);
}

export function vehiclePoint(vehicle: Vehicle, lon = vehicle.lon, lat = vehicle.lat): Point {
  const route = vehicle.route_name ?? vehicle.route;
  return point(`vehicle:${vehicle.id}`, lon, lat, {
    bearing: vehicle.bearing ?? 0,
    heading: vehicle.bearing !== null,
    route: route && route.length <= SHORT ? route : '',
    bike: look(vehicle.kind).colour === 'bike',
    old: vehicle.freshness === 'stale' || vehicle.freshness === 'dead',
  });
}

export function thingPoints(things: Thing[]): Points {
  return collection(
    things.flatMap((thing) => {
      if (thing.lon === null || thing.lat === null) return [];
      const main = mainStream(thing);
      return [
        point(`thing:${thing.id}`, thing.lon, thing.lat, {
          colour: look(thing.kind).colour,
          label: main?.result == null ? '–' : String(Math.round(main.result)),
          empty: main?.result === 0,
          old: thing.freshness === 'stale' || thing.freshness === 'dead',
        }),
      ];
    }),
  );
}

/** The one datastream that stands for a thing in lists and on the map. */
export function mainStream(thing: Thing): Thing['datastreams'][number] | undefined {
  return (
    thing.datastreams.find((stream) =>
      /bikes_available|vehicles_available/.test(stream.observed_property),
    ) ?? thing.datastreams[0]
  );
}
