"""[p] The places of entries: GeoRSS, GML, and latitude and longitude by the W3C's names or plain ones."""

from collections.abc import Mapping
from typing import Any, Final

from tasks.feeds.reading import circles
from tasks.feeds.reading.antimeridian import areas_of
from tasks.feeds.reading.places import Geometry, checked, point

#: The names of longitude and latitude: the W3C's, those of libraries, and of England's roads.
_POSITIONS: Final = (
    ("geo_long", "geo_lat"), ("geo_lon", "geo_lat"), ("bc_longitude", "bc_latitude"), ("longitude", "latitude"),
    ("long", "lat"), ("lon", "lat"), ("lng", "lat"),
)  # fmt: skip


def place(entry: Mapping[str, Any]) -> Geometry | None:
    """Return the place of an entry: GeoRSS or GML, a GML envelope, a circle, or a latitude and longitude."""
    if found := _shape(entry.get("where")):
        return found
    corners = [str(entry.get(f"gml_{name}corner") or "").split() for name in ("lower", "upper")]
    if [len(corner) for corner in corners] == [2, 2]:
        try:
            (south, west), (north, east) = [[float(number) for number in corner] for corner in corners]
        except ValueError:
            return None
        return _shape({"type": "Box", "coordinates": ((west, south), (east, north))})
    if found := _circle(entry.get("georss_circle")):
        return found
    told = ((entry.get(lon), entry.get(lat)) for lon, lat in _POSITIONS)
    return next((point(lon, lat) for lon, lat in told if lon and lat), None)


def _circle(told: Any) -> Geometry | None:  # Any: of feedparser.
    """Draw GeoRSS's `lat lon radius`, whose radius is of metres; what is none is no place."""
    try:
        lat, lon, radius_m = map(float, str(told or "").replace(",", " ").split())
    except ValueError:
        return None
    if radius_m == 0:
        return point(lon, lat)
    return checked({"type": "Polygon", "coordinates": [circles.ring(lon, lat, radius_m / 1000)]})


def _shape(where: Any) -> Geometry | None:  # Any: of feedparser, which has turned lat lon to lon, lat.
    if not isinstance(where, Mapping) or not where.get("coordinates"):
        return None
    coordinates = _lists(where["coordinates"])
    if where.get("type") == "Box" and [len(corner) for corner in coordinates] == [2, 2]:
        (west, south), (east, north) = coordinates
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        # A box whose west is east of its east lies across the antimeridian; any other may be as wide as the Earth.
        return areas_of([ring]) if west > east else checked({"type": "Polygon", "coordinates": [ring]})
    if where.get("type") == "Polygon" and len(coordinates) == 1 and all(map(_is_pair, coordinates[0])):
        return areas_of(coordinates)
    return checked({"type": where.get("type"), "coordinates": coordinates})


def _is_pair(position: Any) -> bool:  # Any: as above.
    return isinstance(position, list) and len(position) == 2


def _lists(nested: Any) -> Any:  # Any: nested tuples of numbers.
    return [_lists(inner) for inner in nested] if isinstance(nested, tuple | list) else nested
