"""[p] PurpleAir: one sensor, columns of many, the history of one, and the list of the service before version 1."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Payload, Record, Rejected, Thing
from tasks.feeds.connectors.air_quality.readings import Reading, of_sites, rejected, result
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import from_posix

#: The `location_type` of sensors in rooms, whose air is not the city's.
_INSIDE: Final = 1
#: Field -> unit.
_UNITS: Final = {
    "pm1.0": "µg/m³",
    "pm2.5": "µg/m³",
    "pm10.0": "µg/m³",
    "humidity": "%",
    "temperature": "F",
    "pressure": "mbar",
}
#: The fields without a suffix are the mean of both channels; the others tell the same by another estimate, or of
#: the last minutes, and count where those are not asked for.
_SUFFIXES: Final = ("", "_atm", "_cf_1", "_alt", "_a", "_10minute", "_60minute")
#: The old list's names of our fields.
_BEFORE: Final = {
    "ID": "sensor_index", "Label": "name", "Lat": "latitude", "Lon": "longitude", "LastSeen": "last_seen",
    "PM2_5Value": "pm2.5", "humidity": "humidity", "temp_f": "temperature", "pressure": "pressure",
}  # fmt: skip


def rows_of(document: Any) -> Sequence[Any] | None:  # Any: JSON of a publisher.
    """Return the sensors of a document as objects, or nothing if it is not PurpleAir's."""
    if not isinstance(document, dict) or "error" in document:
        return None
    if isinstance(document.get("sensor"), dict):
        return [document["sensor"]]
    if "mapVersion" in document and isinstance(document.get("results"), list):
        return [_renamed(row) if isinstance(row, dict) else row for row in document["results"]]
    fields, data = document.get("fields"), document.get("data")
    if not isinstance(fields, list) or not isinstance(data, list):
        return None
    width = len(fields)
    return [
        dict(zip(map(str, fields), row, strict=True)) if isinstance(row, list) and len(row) == width else row
        for row in data
    ]


def _renamed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {new: row[old] for old, new in _BEFORE.items() if old in row}


def records(rows: Sequence[Any], document: Mapping[str, Any], payload: Payload) -> Iterator[Record]:
    """Yield each sensor as a thing, with an observation when there are values."""

    def read(
        row: Any, record: str
    ) -> tuple[Thing, Iterator[Reading | Rejected]]:  # Any: JSON of a publisher.
        thing = _sensor(row, document, record)
        return thing, _readings(row, document, thing.external_id, record)

    return of_sites(rows, payload, read)


def _sensor(row: Any, document: Mapping[str, Any], record: str) -> Thing:  # Any: JSON of a publisher.
    if not isinstance(row, dict):
        raise Rejection("bad_width", "the row has not as many values as there are fields")
    # The rows of a history are all of the sensor that stands above them.
    index = row.get("sensor_index", document.get("sensor_index"))
    if not isinstance(index, int | str) or not str(index).strip():
        raise Rejection("no_identity", "the sensor has no sensor_index")
    if row.get("location_type") == _INSIDE:
        raise Rejection("indoor", f"sensor {index} is within a building")
    placed = point(row.get("longitude"), row.get("latitude"))
    lon, lat = placed["coordinates"] if placed else (None, None)
    return Thing(
        external_id=str(index),
        record=record,
        kind="air_quality_sensor",
        name=str(row.get("name") or index),
        lon=lon,
        lat=lat,
        properties={"confidence": row["confidence"]}
        if isinstance(row.get("confidence"), int | float)
        else {},
    )


def _readings(
    row: Mapping[str, Any], document: Mapping[str, Any], thing_id: str, record: str
) -> Iterator[Reading | Rejected]:
    values = {name: value for name in _UNITS if (value := _value(row, name)) is not None}
    if not values:
        return
    times = (
        row.get("last_seen"),
        row.get("time_stamp"),
        document.get("data_time_stamp"),
        document.get("time_stamp"),
    )
    moment = next((moment for told in times if (moment := from_posix(told))), None)
    if moment is None:
        raise Rejection("bad_time", "neither the sensor nor the answer tells when")
    for name, value in values.items():
        try:
            yield Reading(thing_id, moment, result(name, value, _UNITS[name]), record)
        except Rejection as why:
            yield rejected(record, why, {name: value}, thing_id)


def _value(row: Mapping[str, Any], name: str) -> Any:  # Any: JSON of a publisher.
    found = next((row[name + suffix] for suffix in _SUFFIXES if row.get(name + suffix) is not None), None)
    stats = row.get("stats")
    return stats.get(name) if found is None and isinstance(stats, dict) else found
