"""[p] Reference systems: what turns their positions into lon, lat."""

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from shared.errors import Rejection
from tasks.feeds.connector import Malformed

Place: TypeAlias = Callable[[float, float], tuple[float, float]]
_WGS84: Final = frozenset((4326, 4269, 4979))
#: Esri's own numbers that the registry of EPSG does not know.
_ESRI: Final = {102100: 3857, 102113: 3857, 900913: 3857}
#: What a reference system is told by.
_TELL: Final = ("latestWkid", "wkid", "wkt", "wkt2")
_DECIMALS: Final = 7
_NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)


def to_crs84(reference: Any, name: str) -> Place:  # Any: JSON of a publisher.
    """
    Return what turns a position of a reference system into lon, lat; no reference means lon, lat already.

    Raises: Malformed if the system is unknown.
    """
    if not isinstance(reference, Mapping) or not any(map(reference.get, _TELL)):
        return lambda x, y: (x, y)
    numbers = [str(reference.get(key)) for key in ("latestWkid", "wkid")]
    known = next((int(number) for number in numbers if _NUMBER.fullmatch(number) and int(number)), None)
    if known in _WGS84:
        return lambda x, y: (x, y)
    return _known(
        _ESRI.get(known, known) if known is not None else str(reference.get("wkt") or reference.get("wkt2")),
        name,
    )


def _known(system: int | str, name: str) -> Place:
    try:
        return _transformer(system)
    except ProjError as error:
        raise Malformed(f"{name}: unknown reference system: {error!s:.100}") from None


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


def of_projjson(reference: Any, name: str) -> Place | None:  # Any: as above.
    """
    Return the same for a system as PROJJSON has it (https://proj.org/en/stable/specifications/projjson.html).

    Raises: Malformed if the system is unknown.
    """
    if not isinstance(reference, Mapping):
        raise Malformed(f"{name}: its reference system is not told")
    told = reference.get("id")
    code = told.get("code") if isinstance(told, Mapping) else None
    if isinstance(code, int | str) and (code in _WGS84 or code == "CRS84"):
        return None
    return _known(orjson.dumps(reference).decode(), name)


def moved(shape: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Return a GeoJSON geometry with its positions in CRS84; what is no position is left for the check."""
    parts = shape.get("geometries")
    if isinstance(parts, list):
        held = [moved(part, place) if isinstance(part, Mapping) else part for part in parts]
        return {**shape, "geometries": held}
    return {**shape, "coordinates": _moved(shape.get("coordinates"), place)}


def _moved(nested: Any, place: Place) -> Any:  # Any: as above.
    if not isinstance(nested, list):
        return nested
    if len(nested) >= 2 and is_number(nested[0]) and is_number(nested[1]):
        return list(place(nested[0], nested[1]))
    return [_moved(inner, place) for inner in nested]


def is_number(value: Any) -> bool:  # Any: as above.
    """Tell whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
