"""
[p] Zones of the National Weather Service: which ones an alert names, how one is drawn, and several together.

An alert over whole zones has no geometry: it names them by address (`affectedZones`) or by code (UGC).
Source: https://api.weather.gov/openapi.json (`/zones/{type}/{zoneId}`), NWS Instruction 10-1702 (UGC).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urljoin

import orjson
import shapely

from shared.errors import Rejection
from tasks.feeds.connector import Malformed, Outline, Payload, Source
from tasks.feeds.connectors.nws_alerts.messages import features
from tasks.feeds.reading.areas import valid
from tasks.feeds.reading.documents import load_json
from tasks.feeds.reading.places import Geometry, checked

_ADDRESS: Final = re.compile(
    r"(?:https?://[^/?#]+)?/zones/"
    r"(land|marine|forecast|public|coastal|offshore|fire|county)/([A-Z]{2}[CZ][0-9]{3})"
)
_CODE: Final = re.compile(r"[A-Z]{2}([CZ])[0-9]{3}")
_TYPES: Final = {"C": "county", "Z": "forecast"}
#: Degrees: some 10 m, and the deviation that a map of a city does not show.
_GRID: Final = 0.0001
_TOLERANCE: Final = 0.002
_ZONE_VERTICES: Final = 400
_SHAPE_VERTICES: Final = 1000


def named(payloads: Sequence[Payload], source: Source) -> list[str]:
    """
    Return the addresses of the zones of the alerts that have no shape of their own, each once.

    Raises: Malformed if a payload is not JSON.
    """
    found: dict[str, None] = {}
    for payload in payloads:
        rows = features(load_json(payload))
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and not isinstance(row.get("geometry"), dict):
                found |= dict.fromkeys(addresses(row.get("properties"), source.url))
    return list(found)


def addresses(said: Any, base: str) -> list[str]:  # Any: JSON of a publisher.
    """
    Return the addresses of an alert's zones, in its order.

    All are at the host of the feed itself: a list of alerts must not send us anywhere else.
    """
    if not isinstance(said, Mapping):
        return []
    zones, codes = said.get("affectedZones"), said.get("geocode")
    paths = list(_paths(zones if isinstance(zones, list) else []))
    if not paths and isinstance(codes, Mapping):
        paths = list(_paths_of_codes(codes.get("UGC")))
    return [urljoin(base, path) for path in dict.fromkeys(paths)]


def _paths(zones: Iterable[Any]) -> Iterator[str]:
    for zone in zones:
        if isinstance(zone, str) and (found := _ADDRESS.fullmatch(zone.strip())):
            yield f"/zones/{found.group(1)}/{found.group(2)}"


def _paths_of_codes(codes: Any) -> Iterator[str]:
    for code in codes if isinstance(codes, list) else ():
        if isinstance(code, str) and (found := _CODE.fullmatch(code.strip())):
            yield f"/zones/{_TYPES[found.group(1)]}/{found.group()}"


def read(content: bytes) -> Outline:
    """
    Read the document of one zone, its outline simplified for the map.

    Raises: Malformed if it is no GeoJSON feature with an area.
    """
    try:
        document = orjson.loads(content)
        area = _area(shapely.from_geojson(orjson.dumps(_on_earth(document["geometry"]))))
        name = document["properties"].get("name")
    except Rejection as why:
        raise Malformed(f"zone: {why.detail}") from None
    except (ValueError, LookupError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
        raise Malformed(f"zone: no GeoJSON feature with a shape: {error!s:.200}") from None
    if shapely.is_empty(area):
        raise Malformed("zone: its shape has no area")
    return Outline(name.strip() if isinstance(name, str) else "", _simplified(area, _ZONE_VERTICES))


def _on_earth(shape: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check every vertex; coasts and islands come as collections of shapes."""
    if shape["type"] == "GeometryCollection":
        return {"type": "GeometryCollection", "geometries": [_on_earth(one) for one in shape["geometries"]]}
    held = checked(shape)
    if held is None:
        raise Rejection("no_place", "a shape without positions")
    return held


def _area(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the areas of a valid shape, without lines and points."""
    parts = [
        part for part in shapely.get_parts(shapely.get_parts(valid(shape))) if part.geom_type == "Polygon"
    ]
    return shapely.unary_union(parts)


def _simplified(area: shapely.Geometry, most: int) -> Geometry:
    """Return an area with as many vertices as a map needs; small ones keep their form."""
    tolerance, found = _TOLERANCE, area
    while True:
        coarse = _area(shapely.set_precision(shapely.simplify(area, tolerance), _GRID))
        if not shapely.is_empty(coarse):
            found = coarse
        if shapely.is_empty(coarse) or shapely.get_num_coordinates(coarse) <= most:
            break
        tolerance *= 2
    drawn: Geometry = orjson.loads(shapely.to_geojson(found))
    return drawn


class Shapes:
    """The zones that are known, drawn together; alerts over the same ones share their shape."""

    def __init__(self, known: Mapping[str, Outline]) -> None:
        self._known = known
        self._drawn: dict[frozenset[str], Geometry | None] = {}

    def of(self, urls: Sequence[str]) -> Geometry | None:
        """Return the union of zones; none while one of them is unknown: a part would understate a warning."""
        key = frozenset(urls)
        if key not in self._drawn:
            self._drawn[key] = self._union(sorted(key))
        return self._drawn[key]

    def names(self, urls: Sequence[str]) -> list[str]:
        """Return the names of zones, in their order, as far as they are known."""
        return [self._known[url].name for url in urls if url in self._known and self._known[url].name]

    def _union(self, urls: Sequence[str]) -> Geometry | None:
        outlines = [self._known[url].geometry for url in urls if url in self._known]
        drawn = [outline for outline in outlines if outline is not None]
        if not urls or len(drawn) < len(urls):
            return None
        if len(drawn) == 1:
            return dict(drawn[0])
        return _simplified(
            shapely.unary_union([shapely.from_geojson(orjson.dumps(outline)) for outline in drawn]),
            _SHAPE_VERTICES,
        )
