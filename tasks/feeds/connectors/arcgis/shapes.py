"""[p] Esri geometries in any reference system, as GeoJSON in CRS84."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from shared.errors import Rejection
from tasks.feeds.connector import Malformed
from tasks.feeds.reading.places import Geometry, checked

Place: TypeAlias = Callable[[float, float], tuple[float, float]]
_WGS84: Final = frozenset((4326, 4269, 4979))
#: Esri's own numbers that the registry of EPSG does not know.
_ESRI: Final = {102100: 3857, 102113: 3857, 900913: 3857}
_DECIMALS: Final = 7


def to_crs84(reference: Any, name: str) -> Place:  # Any: JSON of a publisher.
    """
    Return what turns a position of a reference system into lon, lat; no reference means lon, lat already.

    Raises: Malformed if the system is unknown.
    """
    if not isinstance(reference, Mapping) or not (reference.get("wkid") or reference.get("wkt")):
        return lambda x, y: (x, y)
    numbers = [str(reference.get(key)) for key in ("latestWkid", "wkid")]
    known = next((int(number) for number in numbers if number.isdecimal() and int(number) > 0), None)
    if known in _WGS84:
        return lambda x, y: (x, y)
    return _known(_ESRI.get(known, known) if known is not None else str(reference.get("wkt")), name)


def _known(system: int | str, name: str) -> Place:
    try:
        return _transformer(system)
    except ProjError as error:
        raise Malformed(f"{name}: unknown reference system: {error!s:.100}") from None


def named(reference: Any, name: str) -> Place | None:  # Any: as above.
    """
    Return the same for the `crs` of GeoJSON before RFC 7946; none when positions are lon, lat already.

    Raises: Malformed if the system is unknown.
    """
    told = reference.get("properties") if isinstance(reference, Mapping) else None
    system = str(told.get("name") or "") if isinstance(told, Mapping) else ""
    numbered = re.search(r":(\d{4,6})$", system, re.ASCII)
    number = int(numbered.group(1)) if numbered else None
    if not system or system.upper().endswith("CRS84") or number in _WGS84:
        return None
    return _known(system if number is None else _ESRI.get(number, number), name)


def moved(shape: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Return a GeoJSON geometry with its positions in CRS84; what is no position is left for the check."""
    return {**shape, "coordinates": _moved(shape.get("coordinates"), place)}


def _moved(nested: Any, place: Place) -> Any:  # Any: as above.
    if not isinstance(nested, list):
        return nested
    if len(nested) >= 2 and _is_number(nested[0]) and _is_number(nested[1]):
        return list(place(nested[0], nested[1]))
    return [_moved(inner, place) for inner in nested]


@lru_cache(maxsize=64)
def _transformer(system: int | str) -> Place:
    try:
        crs = CRS.from_user_input(system)
    except ProjError:
        crs = CRS.from_user_input(f"ESRI:{system}")
    transform = Transformer.from_crs(crs, CRS.from_epsg(4326), always_xy=True).transform

    def place(x: float, y: float) -> tuple[float, float]:
        lon, lat = transform(x, y)
        if not (math.isfinite(lon) and math.isfinite(lat)):
            raise Rejection("bad_position", f"{x:g},{y:g} is outside its reference system")
        return round(lon, _DECIMALS), round(lat, _DECIMALS)

    return place


def geometry(shape: Any, place: Place) -> Geometry | None:  # Any: JSON of a publisher.
    """
    Read a point, multipoint, polyline or polygon; null and empty are no place.

    Raises: Rejection if it is none of them, or not on Earth.
    """
    if not isinstance(shape, Mapping) or not shape:
        return None
    if "x" in shape or "y" in shape:
        return _point(shape, place)
    if isinstance(shape.get("points"), list):
        return checked({"type": "MultiPoint", "coordinates": _positions(shape["points"], place)})
    if isinstance(shape.get("paths"), list):
        lines = [_positions(path, place) for path in shape["paths"]]
        return checked({"type": "MultiLineString", "coordinates": [line for line in lines if line]})
    if isinstance(shape.get("rings"), list):
        return _polygon([_positions(ring, place) for ring in shape["rings"]])
    raise Rejection("bad_geometry", f"a geometry of {', '.join(map(str, list(shape)[:4]))!s:.60}")


def _point(shape: Mapping[str, Any], place: Place) -> Geometry | None:
    x, y = shape.get("x"), shape.get("y")
    if x is None or y is None or "NaN" in (x, y):
        return None
    if not _is_number(x) or not _is_number(y):
        raise Rejection("bad_position", f"x {x!r:.40}, y {y!r:.40}")
    return checked({"type": "Point", "coordinates": list(place(x, y))})


def _is_number(value: Any) -> bool:  # Any: as above.
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _positions(nested: Any, place: Place) -> list[list[float]]:  # Any: as above.
    found = []
    for one in nested if isinstance(nested, list) else ():
        if not (isinstance(one, list) and len(one) >= 2 and _is_number(one[0]) and _is_number(one[1])):
            raise Rejection("bad_geometry", f"{one!r:.40} is no position")
        found.append(list(place(one[0], one[1])))
    return found


def _polygon(rings: Sequence[list[list[float]]]) -> Geometry | None:
    """Sort rings into outlines and holes by which lies in which: their direction is not to be trusted."""
    whole = [ring for ring in rings if ring]
    if not whole:
        return None
    if any(len(ring) < 4 for ring in whole):
        raise Rejection("bad_geometry", "a ring of fewer than four positions")
    if any(not (-180 <= lon <= 180 and -90 <= lat <= 90) for ring in whole for lon, lat in ring):
        raise Rejection("bad_geometry", "a vertex is no place on Earth")
    shapes = sorted((shapely.make_valid(shapely.Polygon(ring)) for ring in whole), key=lambda one: -one.area)
    joined: Any = shapely.Polygon()  # Any: the stubs know no common class of the shapes.
    for one in shapes:
        # Of rings within rings every second is a hole.
        joined = joined.symmetric_difference(one)
    parts = [part for part in shapely.get_parts(joined) if part.geom_type in ("Polygon", "MultiPolygon")]
    merged = shapely.union_all(parts)
    if merged.is_empty:
        return None
    return checked(orjson.loads(shapely.to_geojson(merged)))


class Places:
    """Reads the geometries of one answer, by the reference system that it, or a geometry itself, tells."""

    def __init__(self, document: Mapping[str, Any], name: str) -> None:
        self._name = name
        self._place = to_crs84(document.get("spatialReference"), name)
        self._named = named(document.get("crs"), name)

    def read(self, shape: Any) -> Geometry | None:  # Any: JSON of a publisher.
        """Return a geometry in CRS84; raises Rejection if it is none."""
        if not isinstance(shape, dict):
            return None
        if "coordinates" in shape:
            return checked(moved(shape, self._named) if self._named else shape)
        own = shape.get("spatialReference")
        return geometry(shape, to_crs84(own, self._name) if own else self._place)
