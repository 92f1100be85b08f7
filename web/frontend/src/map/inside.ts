import type { Area } from '@/api/types';

type Ring = [lon: number, lat: number][];

/** The name of the area that a place lies in, if any. Pure. */
export function areaAt(areas: Area[], lon: number, lat: number): string | null {
  const holding = areas.find(({ geometry }) =>
    polygonsOf(geometry).some((rings) => isInside(rings, lon, lat)),
  );
  return holding?.properties.name ?? null;
}

function polygonsOf({ type, coordinates }: Area['geometry']): Ring[][] {
  if (type === 'Polygon') return [coordinates as Ring[]];
  return type === 'MultiPolygon' ? (coordinates as Ring[][]) : [];
}

/** By how often a line to the east crosses the rings: what lies in a hole crosses two. */
function isInside(rings: Ring[], lon: number, lat: number): boolean {
  let inside = false;
  for (const ring of rings) {
    ring.forEach(([x, y], i) => {
      const [beforeX, beforeY] = ring.at(i - 1) ?? [x, y];
      if (y > lat === beforeY > lat) return;
      if (lon < x + ((lat - y) / (beforeY - y)) * (beforeX - x)) inside = !inside;
    });
  }
  return inside;
}
