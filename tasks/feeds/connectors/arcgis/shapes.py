"""[p] Esri geometries in any reference system, as GeoJSON in CRS84."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson
import shapely

from shared.errors import Rejection
from tasks.feeds.connector import Malformed
from tasks.feeds.connectors.arcgis.grid import grid
from tasks.feeds.reading.areas import check_pairs, valid
from tasks.feeds.reading.places import Geometry, checked
from tasks.feeds.reading.reference import Place, is_number, moved, named, to_crs84

Line: TypeAlias = list[list[float]]
_RING: Final = 4
#: Rings of one polygon: in which of the others each lies is to be found out.
MOST_RINGS: Final = 5_000
#: Reference systems that the geometries of one answer name; each takes time to be made.
_MOST_REFERENCES: Final = 20
#: Esri's curves: circular, Bezier, elliptic.
_CURVES: Final = ("c", "b", "a")


def geometry(shape: Any, place: Place) -> Geometry | None:  # Any: JSON of a publisher.
    """
    Read a point, multipoint, polyline, polygon or envelope; null and empty are no place, and curves become straight.

    Raises: Rejection if it is none of them, or not on Earth.
    """
    if not isinstance(shape, Mapping) or not shape:
        return None
    if "x" in shape or "y" in shape:
        return _point(shape, place)
    if "xmin" in shape:
        return _envelope(shape, place)
    for kind, read in _READ.items():
        if kind in shape:
            return read(_lines(shape[kind], place))
    raise Rejection("bad_geometry", f"a geometry of {', '.join(map(str, list(shape)[:4]))!s:.60}")


def _points(lines: list[Line]) -> Geometry | None:
    return checked({"type": "MultiPoint", "coordinates": [position for line in lines for position in line]})


def _polyline(lines: list[Line]) -> Geometry | None:
    return checked({"type": "MultiLineString", "coordinates": [line for line in lines if len(line) > 1]})


def _envelope(shape: Mapping[str, Any], place: Place) -> Geometry | None:
    west, south, east, north = (shape.get(side) for side in ("xmin", "ymin", "xmax", "ymax"))
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return None if west in (None, "NaN") else _polygon([_positions(corners, place)])


def _point(shape: Mapping[str, Any], place: Place) -> Geometry | None:
    x, y = shape.get("x"), shape.get("y")
    if x is None or y is None or "NaN" in (x, y):
        return None
    if not is_number(x) or not is_number(y):
        raise Rejection("bad_position", f"x {x!r:.40}, y {y!r:.40}")
    return checked({"type": "Point", "coordinates": list(place(x, y))})


def _lines(nested: Any, place: Place) -> list[Line]:  # Any: as above.
    """Return the positions of each line; a bare list of positions is one, and null is none."""
    if nested and isinstance(nested, list) and not _is_nested(nested):
        nested = [nested]
    return [_positions(line, place) for line in nested if line] if isinstance(nested, list) else []


def _is_nested(nested: list[Any]) -> bool:  # Any: as above.
    return all(isinstance(line, list) and (not line or not is_number(line[0])) for line in nested)


def _positions(nested: Any, place: Place) -> Line:  # Any: as above.
    found = []
    for one in _straight(nested):
        if not (isinstance(one, list) and len(one) >= 2 and is_number(one[0]) and is_number(one[1])):
            raise Rejection("bad_geometry", f"{one!r:.40} is no position")
        found.append(list(place(one[0], one[1])))
    return found


def _straight(nested: Any) -> Iterator[Any]:  # Any: as above.
    """Yield the positions of a line; of a curve the one it goes through, where it tells one, and its end."""
    for one in nested if isinstance(nested, list) else ():
        if not isinstance(one, dict):
            yield one
            continue
        told: list[Any] = next((one[kind] for kind in _CURVES if isinstance(one.get(kind), list)), [])
        yield from told[1::-1] if "c" in one else told[:1]


def _polygon(rings: Sequence[Line]) -> Geometry | None:
    """Sort rings into outlines and holes by which lies in which: their direction is not to be trusted."""
    # Fewer positions enclose nothing.
    whole = [ring for ring in rings if len(ring) >= _RING]
    if not whole:
        return None
    if len(whole) > MOST_RINGS:
        raise Rejection("bad_geometry", f"a polygon of {len(whole):,} rings; {MOST_RINGS:,} are the most")
    if any(not (-180 <= lon <= 180 and -90 <= lat <= 90) for ring in whole for lon, lat in ring):
        raise Rejection("bad_geometry", "a vertex is no place on Earth")
    areas = [valid(shapely.Polygon(ring)) for ring in whole]
    check_pairs(areas, "of its rings may lie in each other")
    joined = _joined(areas)
    parts = [part for part in shapely.get_parts(joined) if part.geom_type in ("Polygon", "MultiPolygon")]
    merged = shapely.union_all(parts)
    if merged.is_empty:
        return None
    return checked(orjson.loads(shapely.to_geojson(merged)))


def _joined(shapes: list[Any]) -> Any:  # Any: the stubs know no common class of the shapes.
    """Join rings two by two, so that thousands take no time: of rings within rings every second is a hole."""
    shapes = [shapely.Polygon(), *sorted(shapes, key=lambda one: -one.area)]
    while len(shapes) > 1:
        pairs = zip(shapes[::2], shapes[1::2], strict=False)
        shapes = [one.symmetric_difference(other) for one, other in pairs] + shapes[len(shapes) & ~1 :]
    return shapes[0]


_READ: Final[Mapping[str, Callable[[list[Line]], Geometry | None]]] = {
    "points": _points, "paths": _polyline, "curvePaths": _polyline, "rings": _polygon, "curveRings": _polygon,
}  # fmt: skip


class Places:
    """Reads the geometries of one answer, by the reference system that it, or a geometry itself, tells."""

    def __init__(self, document: Mapping[str, Any], name: str) -> None:
        self._name = name
        self._place = to_crs84(document.get("spatialReference"), name)
        self._named = named(document.get("crs"), name)
        self._others: dict[str, Place] = {}
        self._grid = grid(document.get("transform"), name)

    def read(self, shape: Any) -> Geometry | None:  # Any: JSON of a publisher.
        """Return a geometry in CRS84; raises Rejection if it is none."""
        if not isinstance(shape, dict):
            return None
        if "coordinates" in shape or "geometries" in shape:
            return checked(moved(shape, self._named) if self._named else shape)
        own = shape.get("spatialReference")
        told = self._grid.plain(shape) if self._grid else shape
        return geometry(told, self._other(own) if own else self._place)

    def _other(self, reference: Any) -> Place:  # Any: as above.
        told = repr(reference)
        if told not in self._others:
            if len(self._others) >= _MOST_REFERENCES:
                raise Malformed(f"{self._name}: more than {_MOST_REFERENCES} reference systems")
            self._others[told] = to_crs84(reference, self._name)
        return self._others[told]
