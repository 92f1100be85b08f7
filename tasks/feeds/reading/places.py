"""[p] The forms in which publishers write a place, as GeoJSON in CRS84."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from shared.errors import Rejection
from tasks.feeds.connector import MOST_COLLECTIONS
from tasks.feeds.reading.locations import AT_THE_END, is_location
from tasks.feeds.reading.words import NOTHING

#: Well-known bytes in hexadecimal digits, as dumps of databases have them: an order of bytes, a kind, and a position at least.
HEXADECIMAL: Final = re.compile(
    r"0(?:1[0-9A-F]{2}0[037B]00[0-9A-F]{2}|0[0-9A-F]{2}000[037B][0-9A-F]{2})(?:[0-9A-F]{2}){16,}",
    re.IGNORECASE,
)
_PAIR: Final = re.compile(r"\(?\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*\)?", re.ASCII)
_DECIMAL_COMMA: Final = re.compile(r"\s*-?\d{1,3},\d+\s*", re.ASCII)
_WKT_POINT: Final = re.compile(r"POINT *(?:Z *)?\( *(\S+) +(\S+)(?: +\S+)? *\)", re.IGNORECASE)
#: Shape -> how deep its positions are nested.
_SHAPES: Final = {
    "Point": 1,
    "MultiPoint": 2,
    "LineString": 2,
    "MultiLineString": 3,
    "Polygon": 3,
    "MultiPolygon": 4,
}
#: Where a shape, or a collection of them, has its positions.
_POSITIONS: Final = frozenset(("coordinates", "geometries"))

Geometry = dict[str, Any]


def point(lon: Any, lat: Any) -> Geometry | None:  # Any: a cell of any format.
    """
    Return a GeoJSON point; blank and 0,0 are no place.

    Raises: Rejection if they are no place on Earth.
    """
    if _is_blank(lon) or _is_blank(lat):
        return None
    try:
        x, y = degrees(lon), degrees(lat)
    except (TypeError, ValueError):
        raise Rejection("bad_position", f"lon {lon!r:.40}, lat {lat!r:.40}") from None
    if not (-180.0 <= x <= 180.0 and -90.0 <= y <= 90.0):
        raise Rejection("bad_position", f"lon {lon!r:.40}, lat {lat!r:.40}")
    return None if x == 0.0 == y else {"type": "Point", "coordinates": [x, y]}


def degrees(cell: Any) -> float:  # Any: as above.
    """Read a number, also one with a decimal comma; raises as `float` does."""
    if cell.__class__ is str and _DECIMAL_COMMA.fullmatch(cell):
        return float(cell.replace(",", "."))
    return float(cell)


def _is_blank(cell: Any) -> bool:  # Any: as above.
    if cell.__class__ is str:
        return not cell or cell in NOTHING or not (stripped := cell.strip()) or stripped in NOTHING
    return cell is None or cell != cell


def geometry(cell: Any) -> Geometry | None:  # Any: as above.
    """
    Read `(lat, lon)`, also behind an address, WKT, WKB in digits, GeoJSON or its text, an object of degrees or Socrata's list; blank is no place.

    Raises: Rejection if it is none of them.
    """
    if _is_blank(cell):
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


#: Longitude and latitude as portals' objects name them.
_DEGREES: Final = (("longitude", "latitude"), ("lon", "lat"), ("lng", "lat"), ("long", "lat"))


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


def checked(shape: Mapping[str, Any]) -> Geometry | None:
    """
    Return a GeoJSON geometry that lies on Earth; an empty one is no place, and of a collection the areas count most.

    Raises: Rejection if it is of no known shape or a vertex is elsewhere.
    """
    coordinates = shape.get("coordinates")
    kind = shape.get("type")
    if kind == "GeometryCollection" and isinstance(shape.get("geometries"), list):
        return _joined(shape)
    if not isinstance(kind, str) or kind not in _SHAPES or not isinstance(coordinates, list):
        raise Rejection("bad_geometry", f"{kind!r:.40} is no shape we know")
    if _is_empty(coordinates):
        return None
    if kind == "Point":
        if len(coordinates) < 2:
            raise Rejection("bad_geometry", "a point of one number")
        return point(coordinates[0], coordinates[1])
    if not _on_earth(coordinates, _SHAPES[kind]):
        raise Rejection("bad_geometry", "its positions are not on Earth, or not nested as its shape asks")
    return {"type": kind, "coordinates": coordinates}


def _joined(collection: Mapping[str, Any]) -> Geometry | None:
    """Return the areas of a collection as one shape; without any its lines, and without those its points."""
    parts = [shape for part in _flat(collection) if (shape := checked(part))]
    for kind in ("Polygon", "LineString", "Point"):
        found = [part for part in parts if part["type"].endswith(kind)]
        if len(found) == 1:
            return found[0]
        if found:
            many = [
                one
                for part in found
                for one in (part["coordinates"] if part["type"] != kind else [part["coordinates"]])
            ]
            return {"type": f"Multi{kind}", "coordinates": many}
    return None


def _flat(collection: Mapping[str, Any], levels: int = MOST_COLLECTIONS) -> Iterator[Mapping[str, Any]]:
    """Yield the shapes of a collection, those of collections within it too."""
    if not levels:
        raise Rejection("bad_geometry", f"collections of more than {MOST_COLLECTIONS} levels")
    for part in collection["geometries"]:
        if not isinstance(part, Mapping):
            raise Rejection("bad_geometry", f"{part!r:.40} is no shape we know")
        if part.get("type") == "GeometryCollection" and isinstance(part.get("geometries"), list):
            yield from _flat(part, levels - 1)
        else:
            yield part


def _is_empty(nested: list[Any]) -> bool:  # Any: nested lists of JSON.
    return all(isinstance(inner, list) and _is_empty(inner) for inner in nested)


def drawn(shape: Callable[[], Geometry | None]) -> tuple[Geometry | None, dict[str, Any]]:
    """
    Return a shape, or none and a property that says why it cannot be drawn.

    For warnings: the public must not lose one to a broken polygon.
    """
    try:
        return shape(), {}
    except Rejection as why:
        return None, {"shape_problem": f"{why.reason}: {why.detail}"[:200]}


def _on_earth(nested: Any, depth: int) -> bool:  # Any: nested lists of JSON.
    if not isinstance(nested, list) or not nested:
        return False
    if depth > 1:
        return all(_on_earth(inner, depth - 1) for inner in nested)
    return (
        len(nested) >= 2
        and all(isinstance(number, int | float) for number in nested)
        and -180 <= nested[0] <= 180
        and -90 <= nested[1] <= 90
    )
