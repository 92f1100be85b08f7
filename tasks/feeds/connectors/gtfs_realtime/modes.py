"""
[p] What runs on a route: as the options of the feed say, or by the type that the timetable gives it.

Source: https://gtfs.org/documentation/schedule/reference/#routestxt and, above 99, Google's extended route types
(https://developers.google.com/transit/gtfs/reference/extended-route-types).
"""

from typing import Final

from shared.feeds.kinds.gtfs_realtime import GtfsRealtimeOptions

_KINDS: Final = {
    0: "tram", 1: "subway", 2: "rail", 3: "bus", 4: "ferry", 5: "tram", 7: "rail", 11: "bus", 12: "rail",
}  # fmt: skip
#: By hundreds.
_EXTENDED: Final = {
    1: "rail", 2: "bus", 3: "rail", 4: "subway", 5: "subway", 6: "subway", 7: "bus", 8: "bus", 9: "tram", 10: "ferry",
    12: "ferry", 14: "rail", 15: "car",
}  # fmt: skip


def kind_of(route_type: int) -> str | None:
    """Return the kind of vehicle of a type of route; none for what we have no kind for, such as what hangs from a rope."""
    return _KINDS.get(route_type) or _EXTENDED.get(route_type // 100)


def is_kind_told(route: str, options: GtfsRealtimeOptions) -> bool:
    """Tell whether the options say what the vehicles of a route are."""
    return "vehicle_kind" in options.model_fields_set or bool(_fitting(route, options))


def kind_told(route: str, options: GtfsRealtimeOptions) -> str:
    """Return what the options say that the vehicles of a route are."""
    fitting = _fitting(route, options)
    return options.route_kinds[max(fitting, key=len)] if fitting else options.vehicle_kind


def _fitting(route: str, options: GtfsRealtimeOptions) -> list[str]:
    return [begin for begin in options.route_kinds if route and route.startswith(begin)]
