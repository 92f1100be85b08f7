"""
[p] Checks between parsing and storing: what is impossible is set aside with its reason.

A check never mends and never guesses; `context` says what is possible for this feed at this moment.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from tasks.feeds.connector import (
    Described,
    Feature,
    Observation,
    Record,
    Rejected,
    Thing,
    TransitRoute,
    TransitTrip,
    Vehicle,
)

#: Clocks of publishers run ahead; what is observed later than this from now was not observed.
_AHEAD: Final = timedelta(hours=1)
#: Records that tell neither when nor where something is.
_UNJUDGED: Final = (Rejected, Described, TransitRoute, TransitTrip)
#: Reasons for which all records of a run are set aside only when form, clock or place of the feed changed; `bad_...`
#: are others. What a publisher means to be passed over (tests, sensors in buildings, sentinels) is none of these.
_CHANGED: Final = frozenset(("no_identity", "not_an_object", "in_future", "outside", "out_of_range"))
#: Fewer records may each be bad for a reason of their own.
_FEWEST_CHANGED: Final = 5
#: The unit of what a publisher sends without one.
UNKNOWN_UNIT: Final = "{unknown}"
#: Observed property -> unit (UCUM) and the lowest and highest value that the world has.
RANGES: Final[Mapping[str, tuple[str, float, float]]] = MappingProxyType(
    {
        "bikes_available": ("1", 0, 10_000),
        "ebikes_available": ("1", 0, 10_000),
        "docks_available": ("1", 0, 10_000),
        "bikes_disabled": ("1", 0, 10_000),
        "docks_disabled": ("1", 0, 10_000),
        "air_temperature": ("Cel", -95, 65),
        "dew_point": ("Cel", -100, 50),
        "relative_humidity": ("%", 0, 105),
        "wind_speed": ("m/s", 0, 130),
        "wind_gust": ("m/s", 0, 150),
        "wind_direction": ("deg", 0, 360),
        "precipitation": ("mm", 0, 500),
        "air_pressure": ("hPa", 500, 1100),
        "visibility": ("m", 0, 300_000),
        # Instruments near zero read a little below it; that is noise and not an error.
        "pm2_5": ("ug/m3", -20, 2_000),
        "pm10": ("ug/m3", -20, 10_000),
        "pm1": ("ug/m3", -20, 2_000),
        "ozone": ("ug/m3", -20, 2_000),
        "nitrogen_dioxide": ("ug/m3", -20, 5_000),
        "sulfur_dioxide": ("ug/m3", -20, 20_000),
        "carbon_monoxide": ("ug/m3", -20, 500_000),
    }
)


@dataclass(frozen=True, slots=True)
class Context:
    """
    What a feed's records are held against.

    `bbox` is west, south, east, north; only feeds whose options ask for it have one. `ranges` may narrow or
    add to those of the world.
    """

    now: datetime
    bbox: tuple[float, float, float, float] | None = None
    ahead: timedelta = _AHEAD
    ranges: Mapping[str, tuple[str, float, float]] = field(default_factory=lambda: RANGES)


def check(record: Record, context: Context) -> Rejected | None:
    """Return the reason to set a record aside, or nothing."""
    if isinstance(record, _UNJUDGED):
        return None
    if record.observed_at is not None and record.observed_at > context.now + context.ahead:
        return _reject(record, "in_future", f"observed at {record.observed_at:%Y-%m-%d %H:%M:%S} UTC")
    if isinstance(record, Observation):
        return _check_results(record, context)
    if context.bbox is not None and isinstance(record, Feature | Thing | Vehicle):
        places = list(_places(record))
        if _all_outside(places, context.bbox):
            return _reject(record, "outside", f"{places[0][0]:.5f},{places[0][1]:.5f} is outside the city")
    return None


def all_set_aside(rejected: Mapping[str, int]) -> str | None:
    """Return what to say of a run all of whose records were set aside, when that means that the feed changed."""
    sent = sum(rejected.values())
    if sent < _FEWEST_CHANGED or not all(_is_changed(reason) for reason in rejected):
        return None
    reasons = ", ".join(f"{reason} ({rejected[reason]:,})" for reason in sorted(rejected))
    return f"all {sent:,} records were set aside: {reasons}"


def _is_changed(reason: str) -> bool:
    return reason in _CHANGED or reason.startswith("bad_")


def is_outside(geometry: Mapping[str, Any], context: Context) -> bool:
    """Tell whether a GeoJSON geometry lies outside the box of the feed, when there is one."""
    return context.bbox is not None and _all_outside(list(_vertices(geometry)), context.bbox)


def _all_outside(places: Sequence[tuple[float, float]], bbox: tuple[float, float, float, float]) -> bool:
    return bool(places) and not any(_inside(place, bbox) for place in places)


def _check_results(record: Observation, context: Context) -> Rejected | None:
    for result in record.results:
        if not math.isfinite(result.value):
            return _reject(record, "bad_value", f"{result.observed_property} is {result.value}")
        if result.observed_property not in context.ranges:
            continue
        unit, lowest, highest = context.ranges[result.observed_property]
        if result.unit == UNKNOWN_UNIT:
            continue
        if result.unit != unit:
            return _reject(record, "bad_unit", f"{result.observed_property} in {result.unit!r}, not {unit!r}")
        if not lowest <= result.value <= highest:
            said = f"{result.observed_property} is {result.value:g} {unit}, beyond {lowest:g} to {highest:g}"
            return _reject(record, "out_of_range", said)
    return None


def _reject(record: Feature | Thing | Vehicle | Observation | Any, reason: str, detail: str) -> Rejected:
    return Rejected(record=record.record, reason=reason, detail=detail, external_id=record.external_id)


def _places(record: Feature | Thing | Vehicle) -> Iterator[tuple[float, float]]:
    if isinstance(record, Feature):
        if record.geometry:
            yield from _vertices(record.geometry)
    elif record.lon is not None and record.lat is not None:
        yield record.lon, record.lat


def _vertices(nested: Any) -> Iterator[tuple[float, float]]:  # Any: nested lists of GeoJSON.
    if isinstance(nested, Mapping):
        yield from _vertices(nested.get("coordinates") or nested.get("geometries") or ())
    elif len(nested) >= 2 and isinstance(nested[0], int | float):
        yield float(nested[0]), float(nested[1])
    else:
        for inner in nested:
            yield from _vertices(inner)


def _inside(place: tuple[float, float], bbox: tuple[float, float, float, float]) -> bool:
    west, south, east, north = bbox
    lon, lat = place
    # A box across the antimeridian has its west east of its east.
    across = west <= lon <= east if west <= east else lon >= west or lon <= east
    return across and south <= lat <= north


def identity(record: Record) -> tuple[str, ...] | None:
    """Return what may occur only once in a run: an observation's is its thing and its moment."""
    if isinstance(record, _UNJUDGED):
        return None
    if isinstance(record, Observation):
        return type(record).__name__, record.external_id, record.phenomenon_time.isoformat()
    return type(record).__name__, record.external_id
