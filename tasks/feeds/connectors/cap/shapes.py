"""[p] The polygons and circles of CAP areas as one geometry."""

import math
from collections.abc import Sequence
from typing import Final

import shapely
from lxml import etree

from shared.errors import Rejection
from tasks.feeds.reading.areas import valid
from tasks.feeds.reading.documents import children
from tasks.feeds.reading.places import Geometry, checked

_CIRCLE_POINTS: Final = 36
_TURNS: Final = [2 * math.pi * step / _CIRCLE_POINTS for step in range(_CIRCLE_POINTS)]
#: Which way each point of a circle lies from its centre: east, north.
_COMPASS: Final = [(math.cos(turn), math.sin(turn)) for turn in _TURNS]
_KM_PER_DEGREE: Final = 111.32


def geometry(areas: Sequence[etree._Element]) -> Geometry | None:
    """
    Return the polygons and circles of areas as one geometry; CAP writes lat,lon and GeoJSON lon,lat.

    Raises: Rejection if one is no place on Earth.
    """
    rings = [
        ring for area in areas for shape in children(area, "polygon") if (ring := _ring(shape.text or ""))
    ]
    for area in areas:
        for shape in children(area, "circle"):
            ring = _circle(shape.text or "")
            if len(ring) == 1 and not rings:
                return checked({"type": "Point", "coordinates": ring[0]})
            rings += [ring] if len(ring) > 1 else []
    rings = [part for ring in rings for part in _cut(ring)]
    if not rings:
        return None
    if len(rings) == 1:
        return checked({"type": "Polygon", "coordinates": [rings[0]]})
    return checked({"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]})


def _cut(ring: list[list[float]]) -> list[list[list[float]]]:
    """
    Cut a ring at the antimeridian into the parts on either side of it, as RFC 7946 asks.

    A step of more than half the Earth is meant the short way round.
    """
    turned = [ring[0]]
    for lon, lat in ring[1:]:
        before = turned[-1][0]
        turned.append([lon - 360 * round((lon - before) / 360) if abs(lon - before) > 180 else lon, lat])
    west, east = min(lon for lon, _ in turned), max(lon for lon, _ in turned)
    if west >= -180 and east <= 180:
        return [ring]
    if east - west >= 360 or not all(abs(lat) <= 90 for _, lat in ring):
        raise Rejection("bad_geometry", "its positions are not on Earth")
    area = valid(shapely.Polygon(turned))
    parts: list[list[list[float]]] = []
    for shift in (-360, 0, 360):
        inside = shapely.intersection(area, shapely.box(shift - 180, -90, shift + 180, 90))
        parts += [
            [[round(lon - shift, 6), lat] for lon, lat in part.exterior.coords]
            for part in shapely.get_parts(inside)
            if part.geom_type == "Polygon" and not part.is_empty
        ]
    return parts


def _ring(text: str) -> list[list[float]]:
    ring = [_position(pair) for pair in _pairs(text)]
    if ring and ring[0] != ring[-1]:
        ring.append(ring[0])
    if 0 < len(ring) < 4:
        raise Rejection("bad_geometry", f"a polygon of {len(ring)} positions")
    return ring


def _pairs(text: str) -> list[str]:
    """Part a text into pairs, also where there are blanks around their commas."""
    return " ".join(text.split()).replace(" ,", ",").replace(", ", ",").split()


def _position(pair: str) -> list[float]:
    try:
        lat, lon = map(float, pair.split(","))
    except ValueError:
        raise Rejection("bad_geometry", f"{pair!r:.40} is no position") from None
    return [lon, lat]


def _circle(text: str) -> list[list[float]]:
    """Draw `lat,lon radius` (kilometres) as a ring, a radius of 0 as its centre."""
    parts = text.replace(",", " ").split()
    if not parts:
        return []
    lon, lat = _position(",".join(parts[:2]))
    try:
        radius_km = float(parts[2]) if len(parts) > 2 else 0.0
    except ValueError:
        raise Rejection("bad_geometry", f"{text!r:.40} is no circle") from None
    if radius_km == 0:
        return [[lon, lat]]
    tall = radius_km / _KM_PER_DEGREE
    if not 0 < tall < 20 or abs(lat) + tall >= 90:
        raise Rejection("bad_geometry", f"a circle of {radius_km:g} km around latitude {lat:g}")
    wide = tall / math.cos(math.radians(lat))
    ring = [[round(lon + wide * east, 5), round(lat + tall * north, 5)] for east, north in _COMPASS]
    return [*ring, ring[0]]
