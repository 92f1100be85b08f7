"""[p] Places: H3 cells, a point on any GeoJSON geometry, boxes of longitudes and latitudes."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import h3.api.basic_int as h3

Position = tuple[float, float]
"""Longitude and latitude in degrees, WGS 84."""


class Box(NamedTuple):
    """A box in degrees; `west > east` spans the antimeridian."""

    west: float
    south: float
    east: float
    north: float


def cells(lon: float, lat: float) -> tuple[int, int, int]:
    """Return the H3 cells that hold a position, at resolutions 6, 8 and 10 (about 3 km, 500 m, 70 m)."""
    return h3.latlng_to_cell(lat, lon, 6), h3.latlng_to_cell(lat, lon, 8), h3.latlng_to_cell(lat, lon, 10)


def is_position(lon: float | None, lat: float | None) -> bool:
    """Tell whether a pair is a place on Earth; 0,0 is a publisher's word for none."""
    return (
        lon is not None
        and lat is not None
        and -180 <= lon <= 180
        and -90 <= lat <= 90
        and not (lon == 0 and lat == 0)
    )


def point_of(geometry: Mapping[str, Any] | None) -> Position | None:
    """
    Return a point that lies on a GeoJSON geometry, or none when it has no place.

    A Point is itself; for any other shape it is a point inside, never merely the centre of its box.
    """
    if not geometry:
        return None
    if geometry.get("type") == "Point":
        coordinates: Any = geometry.get("coordinates") or ()
        if len(coordinates) < 2 or not is_position(coordinates[0], coordinates[1]):
            return None
        return float(coordinates[0]), float(coordinates[1])
    # Imported here: most processes place points only, and shapely costs them their memory.
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    try:
        place = shape(dict(geometry))
        inside = None if place.is_empty else place.representative_point()
    except (ShapelyError, ValueError, TypeError, LookupError, AttributeError):
        return None
    if inside is None or not is_position(inside.x, inside.y):
        return None
    return float(inside.x), float(inside.y)


def bounds_of(positions: Iterable[Position]) -> Box | None:
    """Return the smallest box around positions, or none when there are none."""
    lons: list[float] = []
    lats: list[float] = []
    for lon, lat in positions:
        lons.append(lon)
        lats.append(lat)
    return Box(min(lons), min(lats), max(lons), max(lats)) if lons else None


def distance_m(one: Position, other: Position) -> float:
    """Return the distance between two positions on a sphere of 6,371,008.8 m, in metres (haversine)."""
    lon1, lat1, lon2, lat2 = map(math.radians, (*one, *other))
    half = (
        math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * 6_371_008.8 * math.asin(min(1.0, math.sqrt(half)))
