"""[p] The polygons and circles of CAP areas as one geometry."""

import re
from collections.abc import Sequence
from typing import Final

import shapely
from lxml import etree

from shared.errors import Rejection
from tasks.feeds.reading import circles
from tasks.feeds.reading.areas import valid
from tasks.feeds.reading.documents import children
from tasks.feeds.reading.places import Geometry, checked

#: The units in which senders write radii, in kilometres; the standard knows no other than the first.
_UNITS_KM: Final = {
    "": 1.0, "km": 1.0, "kms": 1.0, "m": 0.001, "mi": 1.609344, "mile": 1.609344, "miles": 1.609344, "nm": 1.852,
    "nmi": 1.852,
}  # fmt: skip
_RADIUS: Final = re.compile(r"(-?[\d.]+)\s*([a-z]*)\.?", re.ASCII | re.IGNORECASE)


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
    ring = _positions(text)
    if ring and ring[0] != ring[-1]:
        ring.append(ring[0])
    if 0 < len(ring) < 4:
        raise Rejection("bad_geometry", f"a polygon of {len(ring)} positions")
    return ring


def _positions(text: str) -> list[list[float]]:
    """Read pairs, also where there are blanks around their commas, none but blanks, semicolons, or heights behind."""
    tidy = " ".join(text.replace(";", " ").split()).replace(" ,", ",").replace(", ", ",")
    parts = [part.split(",") for part in tidy.split()]
    sizes = {len(part) for part in parts}
    if sizes == {1} and len(parts) % 2 == 0:
        parts = [first + second for first, second in zip(parts[::2], parts[1::2], strict=True)]
    elif sizes == {3}:
        parts = [part[:2] for part in parts]
    return [_position(part) for part in parts]


def _position(pair: Sequence[str]) -> list[float]:
    try:
        lat, lon = map(float, pair)
    except ValueError:
        raise Rejection("bad_geometry", f"{','.join(pair)!r:.40} is no position") from None
    return [lon, lat]


def _circle(text: str) -> list[list[float]]:
    """Draw `lat,lon radius` (kilometres, unless it names another unit) as a ring, a radius of 0 as its centre."""
    parts = text.replace(",", " ").split()
    if not parts:
        return []
    lon, lat = _position(parts[:2])
    told = _RADIUS.fullmatch(" ".join(parts[2:]) or "0")
    unit = _UNITS_KM.get(told.group(2).lower()) if told else None
    try:
        radius = float(told.group(1)) if told else 0.0
    except ValueError:
        unit = None
    if unit is None:
        raise Rejection("bad_geometry", f"{text!r:.40} is no circle")
    return circles.ring(lon, lat, radius * unit) if radius else [[lon, lat]]
