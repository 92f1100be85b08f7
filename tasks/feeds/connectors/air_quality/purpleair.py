"""[p] PurpleAir: one sensor, or columns of many."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Payload, Record, Rejected, Thing
from tasks.feeds.connectors.air_quality.readings import Reading, joined, rejected, result
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import from_posix

#: Field -> unit; the fields without a suffix are the mean of both channels.
_UNITS: Final = {
    "pm1.0": "µg/m³",
    "pm2.5": "µg/m³",
    "pm10.0": "µg/m³",
    "humidity": "%",
    "temperature": "F",
    "pressure": "mbar",
}


def rows_of(document: Any) -> Sequence[Any] | None:  # Any: JSON of a publisher.
    """Return the sensors of a document as objects, or nothing if it is not PurpleAir's."""
    if not isinstance(document, dict) or "error" in document:
        return None
    if isinstance(document.get("sensor"), dict):
        return [document["sensor"]]
    fields, data = document.get("fields"), document.get("data")
    if not isinstance(fields, list) or not isinstance(data, list):
        return None
    width = len(fields)
    return [
        dict(zip(map(str, fields), row, strict=True)) if isinstance(row, list) and len(row) == width else row
        for row in data
    ]


def records(rows: Sequence[Any], document: Mapping[str, Any], payload: Payload) -> Iterator[Record]:
    """Yield each sensor as a thing, with an observation when there are values."""
    things: list[Thing] = []
    readings: list[Reading | Rejected] = []
    for number, row in enumerate(rows):
        record = f"{payload.name}#{number}"
        try:
            things.append(_sensor(row, record))
            readings += _readings(row, document, record)
        except Rejection as why:
            readings.append(rejected(record, why, row))
    yield from joined(readings, things)


def _sensor(row: Any, record: str) -> Thing:  # Any: JSON of a publisher.
    if not isinstance(row, dict):
        raise Rejection("bad_width", "the row has not as many values as there are fields")
    if not isinstance(row.get("sensor_index"), int | str):
        raise Rejection("no_identity", "the sensor has no sensor_index")
    placed = point(row.get("longitude"), row.get("latitude"))
    lon, lat = placed["coordinates"] if placed else (None, None)
    return Thing(
        external_id=str(row["sensor_index"]),
        record=record,
        kind="air_quality_sensor",
        name=str(row.get("name") or row["sensor_index"]),
        lon=lon,
        lat=lat,
        properties={"confidence": row["confidence"]}
        if isinstance(row.get("confidence"), int | float)
        else {},
    )


def _readings(
    row: Mapping[str, Any], document: Mapping[str, Any], record: str
) -> Iterator[Reading | Rejected]:
    values = {name: row[name] for name in _UNITS if row.get(name) is not None}
    if not values:
        return
    moment = from_posix(row.get("last_seen")) or from_posix(document.get("data_time_stamp"))
    if moment is None:
        raise Rejection("bad_time", "neither the sensor nor the answer tells when")
    for name, value in values.items():
        try:
            yield Reading(str(row["sensor_index"]), moment, result(name, value, _UNITS[name]), record)
        except Rejection as why:
            yield rejected(record, why, {name: value}, str(row["sensor_index"]))
