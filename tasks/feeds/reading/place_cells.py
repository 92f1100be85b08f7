"""[p] The forms in which publishers write a place in one cell."""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from shared.errors import Rejection
from tasks.feeds.reading.locations import AT_THE_END, is_location
from tasks.feeds.reading.places import Geometry, checked, is_blank, point

#: Well-known bytes in hexadecimal digits, as dumps of databases have them: an order of bytes, a kind, and a position at least.
HEXADECIMAL: Final = re.compile(
    r"0(?:1[0-9A-F]{2}0[037B]00[0-9A-F]{2}|0[0-9A-F]{2}000[037B][0-9A-F]{2})(?:[0-9A-F]{2}){16,}",
    re.IGNORECASE,
)
_PAIR: Final = re.compile(r"\(?\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*\)?", re.ASCII)
_WKT_POINT: Final = re.compile(r"POINT *(?:Z *)?\( *(\S+) +(\S+)(?: +\S+)? *\)", re.IGNORECASE)
#: Where a shape, or a collection of them, has its positions.
_POSITIONS: Final = frozenset(("coordinates", "geometries"))
#: Longitude and latitude as portals' objects name them.
_DEGREES: Final = (("longitude", "latitude"), ("lon", "lat"), ("lng", "lat"), ("long", "lat"))


def geometry(cell: Any) -> Geometry | None:  # Any: a cell of any format.
    """
    Read `(lat, lon)`, also behind an address, WKT, WKB in digits, GeoJSON or its text, an object of degrees or Socrata's list; blank is no place.

    Raises: Rejection if it is none of them.
    """
    if is_blank(cell):
        return None
    if isinstance(cell, Mapping):
        return _object(cell)
    if is_location(cell):
        return point(cell[2], cell[1])
    text = str(cell).strip()
    if text.startswith("{"):
        return _written(text)
    if pair := _PAIR.fullmatch(text) or AT_THE_END.fullmatch(text):
        return point(pair.group(2), pair.group(1))
    if found := _WKT_POINT.fullmatch(text):
        return point(found.group(1), found.group(2))
    # Imported here: most tables place points only, and the library of shapes costs each worker its memory.
    from tasks.feeds.reading import well_known

    is_bytes = HEXADECIMAL.fullmatch(text)
    shape = well_known.of_bytes(bytes.fromhex(text)) if is_bytes else well_known.of_text(text)
    return None if shape is None else checked(shape)


def _written(text: str) -> Geometry | None:
    try:
        shape: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        shape = None
    if not isinstance(shape, Mapping) or not is_place(shape):
        raise Rejection("bad_geometry", f"{text!r:.80} is no place we can read")
    return _object(shape)


def is_place(cell: Mapping[str, Any]) -> bool:
    """Tell whether an object is a place: GeoJSON, also around a geometry, or degrees by their names."""
    shape = cell.get("geometry", cell)
    return isinstance(shape, Mapping) and bool(shape.keys() & _POSITIONS or _degrees_of(shape) is not None)


def _degrees_of(cell: Mapping[str, Any]) -> tuple[Any, Any] | None:
    return next(((cell[lon], cell[lat]) for lon, lat in _DEGREES if lon in cell and lat in cell), None)


def _object(cell: Mapping[str, Any]) -> Geometry | None:
    shape = cell.get("geometry", cell)
    if not isinstance(shape, Mapping):
        return None
    if shape.keys() & _POSITIONS:
        return checked(shape)
    found = _degrees_of(shape)
    return point(*found) if found else None
