"""[p] One reading of a sensor: its property, its unit, and the numbers that mean there is none."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.errors import Rejection
from shared.units import to_micrograms_per_m3, to_stored, ucum
from tasks.feeds.connector import Described, Observation, Payload, Record, Rejected, Result, Thing
from tasks.feeds.reading.documents import excerpt
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import from_rfc3339

#: What networks write when a sensor has nothing to say.
_SENTINELS: Final = frozenset((-9999.0, -999.0, -995.0, -99.0, 9999.0, 99999.0))
_PROPERTIES: Final = {
    "pm25": "pm2_5",
    "pm2.5": "pm2_5",
    "pm1": "pm1",
    "pm1.0": "pm1",
    "pm10": "pm10",
    "pm10.0": "pm10",
    "o3": "ozone",
    "ozone": "ozone",
    "no2": "nitrogen_dioxide",
    "no": "nitrogen_monoxide",
    "nox": "nitrogen_oxides",
    "so2": "sulfur_dioxide",
    "co": "carbon_monoxide",
    "bc": "black_carbon",
    "temperature": "air_temperature",
    "temp": "air_temperature",
    "relativehumidity": "relative_humidity",
    "humidity": "relative_humidity",
    "pressure": "air_pressure",
}
#: Grams per mole, to turn mixing ratios into concentrations.
_MOLAR_MASS_G: Final = {
    "ozone": 47.998,
    "nitrogen_dioxide": 46.006,
    "nitrogen_monoxide": 30.006,
    "sulfur_dioxide": 64.066,
    "carbon_monoxide": 28.010,
}
_PPB: Final = {"[ppb]": 1.0, "[ppm]": 1000.0}


@dataclass(frozen=True, slots=True)
class Reading:
    """A result of a thing at a moment, and the record it came from; what is foretold was not observed."""

    thing_id: str
    moment: datetime
    result: Result
    record: str
    is_forecast: bool = False


def observed_property(name: str) -> str:
    """Return our name of a pollutant; an unknown one keeps its own."""
    return _PROPERTIES.get(name.strip().lower(), name.strip().lower())


def result(name: str, value: Any, unit: str | None) -> Result:  # Any: JSON of a publisher.
    """
    Return a reading in the unit we store: gases as micrograms per cubic metre at 25 degrees Celsius.

    Raises: Rejection for no number, and for the numbers that mean there is none.
    """
    value = _number(name, value)
    if value in _SENTINELS:
        raise Rejection("sentinel", f"{name} is {value:g}, which means no value")
    found, code = observed_property(name), ucum(unit)
    if code in _PPB and found in _MOLAR_MASS_G:
        sign = -1 if value < 0 else 1
        micrograms = to_micrograms_per_m3(abs(value) * _PPB[code], _MOLAR_MASS_G[found])
        return Result(found, round(sign * micrograms, 4), "ug/m3")
    stored, stored_unit = to_stored(value, code)
    return Result(found, round(stored, 4), stored_unit)


def _number(name: str, value: Any) -> float:  # Any: JSON of a publisher.
    try:
        # Older services write their numbers as text.
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise Rejection("no_result", f"{name} is {value!r:.40}")
    return number


def of_sites(
    rows: Sequence[Any],  # Any: JSON of a publisher.
    payload: Payload,
    read: Callable[[Any, str], tuple[Thing, Iterable[Reading | Rejected]]],
) -> Iterator[Record]:
    """
    Yield the site that each row tells of as a thing, and what was observed there, as `joined` does.

    Args: `read` takes a row and its address; what it, or a reading that it gives, raises as Rejection sets the rest of
    the row aside.
    """
    things: list[Thing] = []
    readings: list[Reading | Rejected] = []
    for number, row in enumerate(rows):
        record = f"{payload.name}#{number}"
        try:
            thing, found = read(row, record)
            things.append(thing)
            readings += found
        except Rejection as why:
            readings.append(rejected(record, why, row))
    yield from joined(readings, things)


def _distinct(things: Sequence[Thing], with_reading: Set[str], told: set[str]) -> Iterator[Thing]:
    """Yield each thing that was not `told` as it is told best, in any order the same; and those that only a record repeats."""
    best: dict[str, Thing] = {}
    for thing in things:
        other = best.get(thing.external_id)
        if other is None or _told(thing) > _told(other):
            best[thing.external_id] = thing
    for thing in things:
        is_new = best[thing.external_id] is thing and thing.external_id not in told
        if is_new or thing.record not in with_reading:
            yield thing
    told.update(best)


def _told(thing: Thing) -> tuple[bool, str]:
    return thing.lon is not None, repr((thing.name, thing.lon, thing.lat, thing.properties))


def place(row: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return the lon, lat of an OpenAQ row."""
    where = row.get("coordinates")
    placed = point(where.get("longitude"), where.get("latitude")) if isinstance(where, dict) else None
    return (placed["coordinates"][0], placed["coordinates"][1]) if placed else (None, None)


def utc(value: Any) -> datetime:  # Any: JSON of a publisher.
    """
    Return a time of OpenAQ, alone or with its local form beside it.

    Raises: Rejection if there is none.
    """
    moment = from_rfc3339(value.get("utc") if isinstance(value, dict) else value)
    if moment is None:
        raise Rejection("bad_time", "the value has no time")
    return moment


def joined(
    readings: Sequence[Reading | Rejected], things: Sequence[Thing], told: set[str] | None = None
) -> Iterator[Record]:
    """
    Yield things, but for those `told` already, then one observation per thing and moment with all that was read, and what was set aside.

    Records whose reading went into the observation of an earlier one are counted by a description. Of
    several values of one property the largest wins, so that any order ends the same.
    """
    yield from _distinct(things, {reading.record for reading in readings}, set() if told is None else told)
    together: dict[tuple[str, datetime, bool], list[Reading]] = {}
    for reading in readings:
        if isinstance(reading, Reading):
            key = reading.thing_id, reading.moment, reading.is_forecast
            together.setdefault(key, []).append(reading)
    for reading in readings:
        if isinstance(reading, Rejected):
            yield reading
            continue
        group = together[reading.thing_id, reading.moment, reading.is_forecast]
        if group[0] is not reading:
            if group[0].record != reading.record:
                yield Described(record=reading.record)
            continue
        yield Observation(
            external_id=reading.thing_id,
            record=reading.record,
            observed_at=None if reading.is_forecast else reading.moment,
            phenomenon_time=reading.moment,
            results=_largest(group),
        )


def _largest(group: Sequence[Reading]) -> tuple[Result, ...]:
    found: dict[str, Result] = {}
    for result in (one.result for one in group):
        other = found.get(result.observed_property)
        if other is None or (result.value, result.unit) > (other.value, other.unit):
            found[result.observed_property] = result
    return tuple(found.values())


def rejected(record: str, why: Rejection, row: Any, external_id: str | None = None) -> Rejected:  # Any: JSON.
    """Set a record aside."""
    return Rejected(
        record=record, reason=why.reason, detail=why.detail, external_id=external_id, excerpt=excerpt(row)
    )
