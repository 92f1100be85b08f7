import { expect, it } from 'vitest';
import { selectedVehicle, shownOnMap, withTrail } from './selection';
import { vehicle } from '../../../tests/samples';
import type { Trail } from '@/api/types';

const bus = vehicle({ id: 'v-1', lon: -0.1, lat: 51.5 });
const passed = (...lats: number[]) =>
  ({ items: lats.map((lat) => ({ lon: -0.2, lat })) }) as unknown as Trail;

it('a selected vehicle is shown with the way it came, up to where it is', () => {
  const shown = withTrail(shownOnMap('vehicle:v-1', [], [], [bus]), passed(51.3, 51.4));

  expect(shown?.geometry).toEqual({
    type: 'LineString',
    coordinates: [
      [-0.2, 51.3],
      [-0.2, 51.4],
      [-0.1, 51.5],
    ],
  });
});

it('what was nowhere else, or is not known, has no line', () => {
  const place = shownOnMap('vehicle:v-1', [], [], [bus]);

  expect(withTrail(place, passed(51.5))).toBe(place);
  expect(withTrail(place, undefined)).toBe(place);
  expect(withTrail(null, passed(51.3, 51.4))).toBeNull();
});

it('only a vehicle that is known has a trail to be read', () => {
  expect(selectedVehicle('vehicle:v-1', [bus])).toBe(bus);
  expect(selectedVehicle('vehicle:v-2', [bus])).toBeUndefined();
  expect(selectedVehicle('feature:v-1', [bus])).toBeUndefined();
  expect(selectedVehicle(null, undefined)).toBeUndefined();
});
