"""[p] The polygons and circles of CAP areas as one geometry."""

import re
from collections.abc import Sequence
from typing import Final

from lxml import etree

from shared.errors import Rejection
from tasks.feeds.reading import circles
from tasks.feeds.reading.antimeridian import areas_of
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
    points: list[list[float]] = []
    for area in areas:
        for shape in children(area, "circle"):
            circle = _circle(shape.text or "")
            rings += [circle] if len(circle) > 1 else []
            points += circle if len(circle) == 1 else []
    if points and not rings:
        several = {"type": "MultiPoint", "coordinates": points}
        return checked(several if len(points) > 1 else {"type": "Point", "coordinates": points[0]})
    return areas_of(rings)


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
