"""
[p] Shapes as well-known text and bytes, as GeoJSON.

The library that reads them goes down each collection within a collection on the stack of the process, which ends there:
how deep they are is told before.
Source: OGC 06-103r4 (simple features), 7 and 8; https://postgis.net/docs/using_postgis_dbmanagement.html#EWKB_EWKT
"""

import re
from struct import Struct, error
from typing import Any, Final

import orjson
import shapely

from shared.errors import Rejection
from tasks.feeds.connector import MOST_COLLECTIONS

#: How deep the positions of a shape are at most, and of one within a collection.
_WITHIN: Final = 4
#: PostGIS writes the reference system before the shape.
_IN_WGS84: Final = re.compile(r"SRID=4326; *", re.IGNORECASE)
_WGS84: Final = (0, 4326)
_ORDERS: Final = (Struct(">I"), Struct("<I"))
#: Bits by which PostGIS says that a system, a height, a measure are there.
_HAS_SYSTEM, _HAS_HEIGHT, _HAS_MEASURE = 0x20000000, 0x80000000, 0x40000000
#: What reading a shape raises; of curves the library knows the names alone.
_UNREAD: Final = (shapely.errors.ShapelyError, NotImplementedError, error, IndexError)
_POINT, _LINE, _POLYGON, _CIRCULAR, _TRIANGLE = 1, 2, 3, 8, 17


def of_text(text: str) -> Any:  # Any: GeoJSON.
    """
    Read a shape from well-known text; an empty one is nothing.

    Raises: Rejection if it is none.
    """
    text = _IN_WGS84.sub("", text, count=1)
    deepest = level = 0
    for bracket in re.findall(r"[()]", text):
        level += 1 if bracket == "(" else -1
        deepest = max(deepest, level)
    if deepest > MOST_COLLECTIONS + _WITHIN:
        raise _too_deep()
    try:
        shape = shapely.from_wkt(text)
    except _UNREAD:
        raise Rejection("bad_geometry", f"{text!r:.80} is no place we can read") from None
    return _told(shape)


def of_bytes(content: bytes) -> Any:  # Any: as above.
    """
    Read a shape from well-known bytes, in the system that the caller knows or in WGS 84; an empty one is nothing.

    Raises: Rejection if it is none, or says that it is in another system.
    """
    try:
        _check_levels(content)
        shape = shapely.from_wkb(content)
    except _UNREAD:
        raise Rejection("bad_geometry", f"{content.hex()!r:.80} is no place we can read") from None
    if (system := shapely.get_srid(shape)) not in _WGS84:
        raise Rejection("bad_geometry", f"a place in the reference system {system}")
    return _told(shape)


def _told(shape: shapely.Geometry) -> Any:  # Any: as above.
    """Return a shape as GeoJSON, which has no curves; of an empty one nothing."""
    if shapely.is_empty(shape):
        return None
    try:
        return orjson.loads(shapely.to_geojson(shape))
    except (*_UNREAD, orjson.JSONDecodeError):
        raise Rejection("bad_geometry", "a shape of curves, or of positions that are no numbers") from None


def _check_levels(content: bytes) -> None:
    """Go through the headers of shapes; raises Rejection if they are too deep, others if they are broken."""
    at, left = 0, [1]
    while left:
        if not left[-1]:
            left.pop()
            continue
        left[-1] -= 1
        number = _ORDERS[content[at] == 1].unpack_from
        (kind,) = number(content, at + 1)
        at += 9 if kind & _HAS_SYSTEM else 5
        plain, has_more = kind % 1000 if kind < _HAS_SYSTEM else kind & 0xFF, kind // 1000 % 10
        position = 16 + 8 * (
            bool(kind & _HAS_HEIGHT) + bool(kind & _HAS_MEASURE)
            if kind >= _HAS_SYSTEM
            else (has_more in (1, 3)) + (has_more in (2, 3))
        )
        if plain == _POINT:
            at += position
            continue
        (count,) = number(content, at)
        at += 4
        if plain in (_LINE, _CIRCULAR):
            at += count * position
        elif plain in (_POLYGON, _TRIANGLE):
            for _ in range(count):
                at += 4 + number(content, at)[0] * position
        else:
            left.append(count)
            if len(left) > MOST_COLLECTIONS + _WITHIN:
                raise _too_deep()


def _too_deep() -> Rejection:
    return Rejection("bad_geometry", f"collections of more than {MOST_COLLECTIONS} levels")
