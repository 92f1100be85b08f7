import { expect, it } from 'vitest';
import type { Area } from '@/api/types';
import { areaAt } from './inside';

const square = (from: number, to: number) => [
  [from, from],
  [to, from],
  [to, to],
  [from, to],
  [from, from],
];
const area = (name: string, type: string, coordinates: unknown) =>
  ({ geometry: { type, coordinates }, properties: { name } }) as unknown as Area;
const areas = [
  area('Ring', 'Polygon', [square(0, 10), square(4, 6)]),
  area('Isles', 'MultiPolygon', [[square(4, 5)], [square(20, 22)]]),
  area('Stop', 'Point', [30, 30]),
];

it.each([
  [1, 1, 'Ring'],
  [4.5, 4.5, 'Isles'],
  [5.5, 5.5, null],
  [21, 21, 'Isles'],
  [30, 30, null],
])('%d, %d lies in %s', (lon, lat, name) => {
  expect(areaAt(areas, lon, lat)).toBe(name);
});
