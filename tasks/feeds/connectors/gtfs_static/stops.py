"""[p] Stops, stations, entrances and platforms."""

from collections.abc import Mapping
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Thing
from tasks.feeds.connectors.gtfs_static.numbers import whole
from tasks.feeds.reading.links import web_link
from tasks.feeds.reading.places import point

KIND: Final = "transit_stop"
_TYPES: Final = {"0": "stop", "1": "station", "2": "entrance", "3": "node", "4": "boarding_area"}
#: What lies inside a station may have no place of its own.
_INSIDE: Final = frozenset(("3", "4"))
_KEPT: Final = {
    "stop_code": "code",
    "stop_desc": "description",
    "zone_id": "zone",
    "parent_station": "parent_station",
    "platform_code": "platform",
    "stop_timezone": "timezone",
}


def stop(cells: Mapping[str, str], record: str) -> Thing:
    """
    Read a stop.

    Raises: Rejection if it is of no known type, or lies nowhere though it must.
    """
    stop_id = cells["stop_id"]
    type_ = whole(cells.get("location_type", "0"))
    if type_ not in _TYPES:
        raise Rejection("bad_location_type", f"{type_!r:.20} is not 0 to 4")
    place = point(cells.get("stop_lon"), cells.get("stop_lat"))
    if place is None and type_ not in _INSIDE:
        raise Rejection("no_place", f"a {_TYPES[type_]} without stop_lat and stop_lon")
    lon, lat = place["coordinates"] if place else (None, None)
    return Thing(
        external_id=stop_id,
        record=record,
        kind=KIND,
        name=cells.get("stop_name") or cells.get("platform_code") or stop_id,
        lon=lon,
        lat=lat,
        properties=_properties(cells, _TYPES[type_]),
    )


def _properties(cells: Mapping[str, str], type_: str) -> dict[str, Any]:
    found: dict[str, Any] = {"location_type": type_}
    found |= {name: cells[column] for column, name in _KEPT.items() if column in cells}
    if url := web_link(cells.get("stop_url")):
        found["url"] = url
    if (boarding := whole(cells.get("wheelchair_boarding", ""))) in ("1", "2"):
        found["is_wheelchair_accessible"] = boarding == "1"
    return found
