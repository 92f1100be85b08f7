"""[p] Agencies, routes and trips as they stand in their tables."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.errors import Permanent, Rejection
from tasks.feeds.connectors.gtfs_static.numbers import whole
from tasks.feeds.reading.times import zone

_COLOUR: Final = re.compile(r"#?([0-9A-Fa-f]{6})")
_AGENCY: Final = {
    "agency_id": "agency_id",
    "agency_name": "name",
    "agency_url": "url",
    "agency_lang": "language",
    "agency_phone": "phone",
}


@dataclass(frozen=True, slots=True)
class Route:
    """A line; colours are `RRGGBB` in upper case, `type` is the number of the standard."""

    record: str
    route_id: str
    agency: str | None
    short_name: str | None
    long_name: str | None
    type: int
    color: str | None
    text_color: str | None


@dataclass(frozen=True, slots=True)
class Trip:
    """A vehicle's way along its route, on the days of its service."""

    record: str
    trip_id: str
    route_id: str
    service_id: str
    headsign: str | None
    direction_id: int | None
    shape_id: str | None


def agency(cells: Mapping[str, str]) -> dict[str, Any]:
    """
    Read an agency: what is told of it, its time zone among it.

    Raises: Rejection if its time zone is none.
    """
    timezone = cells.get("agency_timezone", "")
    if not is_zone(timezone):
        raise Rejection("bad_timezone", f"{timezone!r:.40} is not the name of a time zone")
    told = {name: cells[column] for column, name in _AGENCY.items() if column in cells}
    return told | {"timezone": timezone}


def is_zone(name: str) -> bool:
    """Tell whether a name is that of a time zone."""
    try:
        zone(name)
    except Permanent:
        return False
    return True


def route(cells: Mapping[str, str], record: str, agencies: Mapping[str, str]) -> Route:
    """
    Read a route; `agencies` are names by id.

    Raises: Rejection if its type is no number.
    """
    type_ = whole(cells.get("route_type", ""))
    if not (type_.isascii() and type_.isdigit() and len(type_) <= 4):
        raise Rejection("bad_route_type", f"route_type {type_!r:.20} is no number of the standard")
    only = next(iter(agencies.values())) if len(agencies) == 1 else None
    return Route(
        record=record,
        route_id=cells["route_id"],
        agency=agencies.get(cells.get("agency_id", "")) or only,
        short_name=cells.get("route_short_name"),
        long_name=cells.get("route_long_name"),
        type=int(type_),
        color=_colour(cells.get("route_color")),
        text_color=_colour(cells.get("route_text_color")),
    )


def _colour(text: str | None) -> str | None:
    found = _COLOUR.fullmatch(text or "")
    return found.group(1).upper() if found else None


def trip(cells: Mapping[str, str], record: str, routes: Mapping[str, Route]) -> Trip:
    """
    Read a trip.

    Raises: Rejection if it is of no known route, or runs on no days.
    """
    route_id = cells.get("route_id", "")
    if route_id not in routes:
        raise Rejection("unknown_route", f"no route {route_id!r:.60}" if route_id else "no route_id")
    if "service_id" not in cells:
        raise Rejection("no_service", "no service_id")
    direction = whole(cells.get("direction_id", ""))
    return Trip(
        record=record,
        trip_id=cells["trip_id"],
        route_id=route_id,
        service_id=cells["service_id"],
        headsign=cells.get("trip_headsign") or cells.get("trip_short_name"),
        direction_id=int(direction) if direction in ("0", "1") else None,
        shape_id=cells.get("shape_id"),
    )
