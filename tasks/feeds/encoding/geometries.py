"""[p] Where a feature is, as its fields `geometry` and `point` hold it."""

from collections.abc import Mapping
from typing import Any

from shared.geo import Position, is_position, point_of
from tasks.feeds.encoding.binary import NULL, document, point

Shape = Mapping[str, Any]
"""A GeoJSON geometry that is no point."""


def position(lon: float | None, lat: float | None) -> Position | None:
    """Return a pair that is a place on Earth."""
    return (lon, lat) if lon is not None and lat is not None and is_position(lon, lat) else None


def shape_of(geometry: Mapping[str, Any] | None) -> Shape | None:
    """Return a geometry that is no point."""
    return None if geometry is None or geometry.get("type") == "Point" else geometry


def place_fields(geometry: Mapping[str, Any] | None) -> tuple[bytes, bytes]:
    """
    Write `geometry` and `point` of a feature; a point that says nothing but where it is is stored once, as `point`.

    The second is empty for a shape: see `shape_point`.
    """
    if geometry is None:
        return NULL, NULL
    if geometry.get("type") != "Point":
        return document(geometry), b""
    coordinates = geometry.get("coordinates") or (None, None)
    place = position(coordinates[0], coordinates[1])
    is_plain = place is not None and len(coordinates) == 2 == len(geometry)
    return NULL if is_plain else document(geometry), point(place)


def shape_point(shape: Shape | None) -> bytes:
    """
    Write a point on a shape, the last field of its feature's body; without a shape the body is whole, and this is empty.

    Apart from the body, since it takes longer than all of it: rows that are stored already are spared it.
    """
    return b"" if shape is None else point(point_of(shape))
