"""[p] Places as GeoJSON in CRS84: points, and shapes whose every position is on Earth."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import MOST_COLLECTIONS
from tasks.feeds.reading.words import NOTHING

_DECIMAL_COMMA: Final = re.compile(r"\s*-?\d{1,3},\d+\s*", re.ASCII)
#: Shape -> how deep its positions are nested.
_SHAPES: Final = {
    "Point": 1,
    "MultiPoint": 2,
    "LineString": 2,
    "MultiLineString": 3,
    "Polygon": 3,
    "MultiPolygon": 4,
}

Geometry = dict[str, Any]


def point(lon: Any, lat: Any) -> Geometry | None:  # Any: a cell of any format.
    """
    Return a GeoJSON point; blank and 0,0 are no place.

    Raises: Rejection if they are no place on Earth.
    """
    if is_blank(lon) or is_blank(lat):
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


def is_blank(cell: Any) -> bool:  # Any: as above.
    """Tell whether a cell says nothing."""
    if cell.__class__ is str:
        return not cell or cell in NOTHING or not (stripped := cell.strip()) or stripped in NOTHING
    return cell is None or cell != cell


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
