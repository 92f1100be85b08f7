"""
[p] IQAir's AirVisual: the index of a city or a station by the scale of the United States, and the weather there.

Source: https://api-docs.iqair.com/
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Malformed, Payload, Record, Rejected, Thing
from tasks.feeds.connectors.air_quality.readings import Reading, joined, rejected, result
from tasks.feeds.reading.documents import excerpt
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import from_rfc3339

#: Part of what is current -> its names for values, ours, and their units.
_VALUES: Final = {
    "pollution": (("aqius", "aqi_all", ""),),
    "weather": (
        ("tp", "temperature", "degC"),
        ("hu", "humidity", "%"),
        ("pr", "pressure", "hPa"),
        ("ws", "wind_speed", "m/s"),
        ("wd", "wind_direction", "deg"),
    ),
}


def city_of(document: Any, name: str) -> Mapping[str, Any] | None:  # Any: JSON of a publisher.
    """
    Return what is told of a city or a station, or nothing if it is not the service's.

    Raises: Malformed, with the service's own words, if it failed.
    """
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        return None
    if document.get("status") == "fail":
        raise Malformed(f"{name}: {excerpt(data.get('message') or data):.200}")
    is_city = (
        document.get("status") == "success" and data.get("city") and isinstance(data.get("current"), dict)
    )
    return data if is_city else None


def records(city: Mapping[str, Any], payload: Payload) -> Iterator[Record]:
    """Yield the place as a thing, and an observation of each moment that it tells of."""
    record = f"{payload.name}#0"
    names = [city.get(part) for part in ("country", "state", "city", "name")]
    told = [str(name) for name in names if name]
    where = city.get("location")
    pair = where.get("coordinates") if isinstance(where, dict) else None
    placed = point(*pair[:2]) if isinstance(pair, list) and len(pair) > 1 else None
    lon, lat = placed["coordinates"] if placed else (None, None)
    thing = Thing(
        external_id="/".join(told), record=record, kind="air_quality_station", name=told[-1], lon=lon, lat=lat
    )
    readings: list[Reading | Rejected] = []
    for part in _VALUES:
        try:
            readings += _readings(city["current"].get(part), part, thing)
        except Rejection as why:
            readings.append(rejected(record, why, city))
    yield from joined(readings, [thing])


def _readings(said: Any, part: str, thing: Thing) -> Iterator[Reading]:  # Any: JSON of a publisher.
    if not isinstance(said, dict):
        return
    moment = from_rfc3339(said.get("ts"))
    if moment is None:
        raise Rejection("bad_time", f"the {part} does not tell when")
    for key, name, unit in _VALUES[part]:
        if said.get(key) is not None:
            yield Reading(thing.external_id, moment, result(name, said[key], unit), thing.record)
