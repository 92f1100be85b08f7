"""
[p] Sensor.Community (Luftdaten): sensors of citizens, each row what one of them measured at once.

Source: https://github.com/opendata-stuttgart/meta/wiki/EN-APIs, whose times are UTC
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Payload, Record, Result, Thing
from tasks.feeds.connectors.air_quality.readings import Reading, of_sites, result
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import LocalTimes

_UTC: Final = LocalTimes("UTC")
#: Their name of a value -> that of a property, and its unit; `P1` are particles below ten micrometres.
_VALUES: Final = {
    "P0": ("pm1", "µg/m³"),
    "P1": ("pm10", "µg/m³"),
    "P2": ("pm25", "µg/m³"),
    "temperature": ("temperature", "degC"),
    "humidity": ("humidity", "%"),
    "pressure": ("pressure", "Pa"),
    "pressure_at_sealevel": ("sea_level_pressure", "Pa"),
}
#: What the SDS011 writes of particles when it measures none: its fan stands still, or its tube is blocked.
_FAULTS: Final = (999.9, 1999.9)
_PARTICLES: Final = ("P1", "P2")
_MEASURED: Final = "sensordatavalues"
#: What is measured in a room is not the city's air.
_INDOOR: Final = (1, "1", True)


def rows_of(document: Any) -> Sequence[Any] | None:  # Any: JSON of a publisher.
    """Return the rows of a document, or nothing if it has none."""
    if not isinstance(document, list):
        return None
    return document if any(isinstance(row, dict) and _MEASURED in row for row in document) else None


def records(rows: Sequence[Any], payload: Payload) -> Iterator[Record]:
    """Yield each sensor once, and one observation per row."""
    return of_sites(rows, payload, _read)


def _read(row: Any, record: str) -> tuple[Thing, list[Reading]]:  # Any: as above.
    if not isinstance(row, dict):
        raise Rejection("not_an_object", "the row is no object")
    sensor = row.get("sensor")
    number = sensor.get("id") if isinstance(sensor, dict) else None
    if number is None or not str(number).strip():
        raise Rejection("no_identity", "the row names no sensor")
    moment = _UTC.parse(str(row.get("timestamp") or ""))
    if moment is None:
        raise Rejection("bad_time", "the row has no timestamp")
    thing = _thing(str(number).strip(), row.get("location"), record)
    if isinstance(where := row.get("location"), dict) and where.get("indoor") in _INDOOR:
        raise Rejection("indoor", f"sensor {number} is within a building")
    values = row.get(_MEASURED)
    listed = [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
    found = [
        Reading(thing.external_id, moment, one, record)
        for value in listed
        if (one := _result(value)) is not None
    ]
    if not found:
        raise Rejection("no_result", f"sensor {number} measured nothing we know")
    return thing, found


def _result(said: Mapping[str, Any]) -> Result | None:
    """Return a value; one that is no number (`unavailable`), a fault, or of which we know no unit, is none."""
    name = said.get("value_type")
    known = _VALUES.get(name) if isinstance(name, str) else None
    try:
        found = result(known[0], said.get("value"), known[1]) if known else None
    except Rejection:
        return None
    return None if found and name in _PARTICLES and found.value in _FAULTS else found


def _thing(number: str, where: Any, record: str) -> Thing:  # Any: as above.
    placed = point(where.get("longitude"), where.get("latitude")) if isinstance(where, dict) else None
    lon, lat = placed["coordinates"] if placed else (None, None)
    return Thing(
        external_id=number,
        record=record,
        kind="air_quality_sensor",
        name=f"Sensor {number}",
        lon=lon,
        lat=lat,
    )
