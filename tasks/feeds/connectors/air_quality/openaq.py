"""[p] OpenAQ: places with measurements (versions 1 and 2), locations, sensors and latest values (version 3)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Described, Payload, Record, Rejected, Thing
from tasks.feeds.connectors.air_quality import measurements
from tasks.feeds.connectors.air_quality.readings import Reading, joined, place, rejected, result, utc

_PARAMETER_IN_URL: Final = re.compile(r"/parameters/(\d+)/")
_UNKNOWN_UNIT: Final = "{unknown}"
#: Rows among which readings of one moment are joined: an archive of any length fits in memory.
_ROWS_TOGETHER: Final = 10_000
#: Parameter ids of version 3: name and unit.
_PARAMETERS: Final = {
    1: ("pm10", "µg/m³"),
    2: ("pm25", "µg/m³"),
    3: ("o3", "µg/m³"),
    4: ("co", "µg/m³"),
    5: ("no2", "µg/m³"),
    6: ("so2", "µg/m³"),
    7: ("no2", "ppm"),
    8: ("co", "ppm"),
    9: ("so2", "ppm"),
    10: ("o3", "ppm"),
    19: ("pm1", "µg/m³"),
}


@dataclass(frozen=True, slots=True)
class Sensors:
    """What the sensors of the run's locations measure: sensor id -> name and unit."""

    known: dict[int, tuple[str, str]] = field(default_factory=dict)

    def learn(self, rows: Sequence[Any]) -> None:
        """Take in the sensors that locations list."""
        for row in rows:
            sensors = row.get("sensors") if isinstance(row, dict) else None
            for sensor in sensors if isinstance(sensors, list) else []:
                self._add(sensor)

    def _add(self, sensor: Any) -> None:  # Any: JSON of a publisher.
        parameter = sensor.get("parameter") if isinstance(sensor, dict) else None
        if isinstance(parameter, dict) and isinstance(sensor.get("id"), int):
            self.known[sensor["id"]] = (str(parameter.get("name")), str(parameter.get("units")))


def rows_of(document: Any) -> Sequence[Any] | None:  # Any: as above.
    """Return the results of a document, or nothing if it is not OpenAQ's."""
    rows = document.get("results") if isinstance(document, dict) else None
    return rows if isinstance(rows, list) else None


def records(rows: Iterable[Any], payload: Payload, sensors: Sensors) -> Iterator[Record]:
    """Yield the records of one payload, some thousands of rows at a time; each row is judged by its own keys."""
    numbered = enumerate(rows)
    told: set[str] = set()
    while part := list(islice(numbered, _ROWS_TOGETHER)):
        things: list[Thing] = []
        readings: list[Reading | Rejected] = []
        for number, row in part:
            record = f"{payload.name}#{number}"
            if _is_of_a_catalogue(row):
                yield Described(record=record, properties={"name": str(row.get("name"))[:100]})
                continue
            try:
                _read(row, record, payload, sensors, things, readings)
            except Rejection as why:
                readings.append(rejected(record, why, row))
        yield from joined(readings, things, told)


#: A row of the service's catalogues (countries, parameters, providers) has none of these.
_OF_A_PLACE: Final = frozenset(
    (
        "coordinates", "sensors", "measurements", "isMobile", "latest", "parameter", "sensorsId", "locationsId",
        "location",
    )
)  # fmt: skip


def _is_of_a_catalogue(row: Any) -> bool:  # Any: JSON of a publisher.
    return isinstance(row, dict) and not _OF_A_PLACE & row.keys() and bool({"name", "code"} & row.keys())


def _read(
    row: Any,  # Any: JSON of a publisher.
    record: str,
    payload: Payload,
    sensors: Sensors,
    things: list[Thing],
    readings: list[Reading | Rejected],
) -> None:
    if not isinstance(row, dict):
        raise Rejection("not_an_object", "the row is no object")
    if "sensorsId" in row or "locationsId" in row:
        readings.append(_latest(row, record, payload, sensors))
    elif measurements.is_one(row):
        thing, reading = measurements.read(row, record, payload)
        things.append(thing)
        readings.append(reading)
    elif isinstance(row.get("measurements"), list):
        _version_1(row, record, things, readings)
    elif "latest" in row or "parameter" in row:
        _sensor(row, record, things, readings)
    else:
        things.append(_location(row, record))
        # Version 2 tells the last values with its locations, version 1 the names of what they measure alone.
        told = row.get("parameters")
        if isinstance(told, list) and not all(isinstance(one, str) for one in told):
            _last_values(told, "lastValue", things[-1].external_id, record, readings)


def _location(row: Mapping[str, Any], record: str) -> Thing:
    thing_id = row.get("id", measurements.place_id(row))
    if not isinstance(thing_id, int | str) or not str(thing_id).strip("/ "):
        raise Rejection("no_identity", "the location has no id")
    lon, lat = place(row)
    provider, owner = row.get("provider"), row.get("owner")
    named = {"provider": provider, "owner": owner}
    return Thing(
        external_id=str(thing_id),
        record=record,
        kind="air_quality_station",
        name=str(row.get("name") or row.get("location") or thing_id).strip(),
        lon=lon,
        lat=lat,
        properties={
            name: str(who["name"]) for name, who in named.items() if isinstance(who, dict) and who.get("name")
        }
        | ({"is_monitor": row["isMonitor"]} if isinstance(row.get("isMonitor"), bool) else {}),
    )


def _latest(row: Mapping[str, Any], record: str, payload: Payload, sensors: Sensors) -> Reading:
    """Read a latest value; what its sensor measures, the run's locations or the URL tell."""
    sensor, location = row.get("sensorsId"), row.get("locationsId")
    if not isinstance(sensor, int) or not str(location or "").strip():
        raise Rejection("no_identity", "the value names no sensor of a location")
    in_url = _PARAMETER_IN_URL.search(payload.url)
    by_url = _PARAMETERS.get(int(in_url.group(1)[:6])) if in_url else None
    name, unit = sensors.known.get(sensor) or by_url or (f"sensor_{sensor}", _UNKNOWN_UNIT)
    return Reading(str(location), utc(row.get("datetime")), result(name, row.get("value"), unit), record)


def _sensor(
    row: Mapping[str, Any], record: str, things: list[Thing], readings: list[Reading | Rejected]
) -> None:
    if not isinstance(row.get("id"), int | str):
        raise Rejection("no_identity", "the sensor has no id")
    latest, parameter = row.get("latest"), row.get("parameter")
    if not isinstance(latest, dict) or not isinstance(parameter, dict):
        raise Rejection("no_result", "the sensor has no latest value")
    reading = result(str(parameter.get("name")), latest.get("value"), str(parameter.get("units")))
    lon, lat = place(latest)
    thing_id = f"sensor-{row['id']}"
    name = str(row.get("name") or thing_id)
    things.append(
        Thing(external_id=thing_id, record=record, kind="air_quality_sensor", name=name, lon=lon, lat=lat),
    )
    readings.append(Reading(thing_id, utc(latest.get("datetime")), reading, record))


def _version_1(
    row: Mapping[str, Any], record: str, things: list[Thing], readings: list[Reading | Rejected]
) -> None:
    thing_id, name = measurements.place_id(row), str(row.get("location") or "").strip()
    if not name:
        raise Rejection("no_identity", "the place has no name")
    lon, lat = place(row)
    things.append(
        Thing(external_id=thing_id, record=record, kind="air_quality_station", name=name, lon=lon, lat=lat),
    )
    _last_values(row["measurements"], "value", thing_id, record, readings)


def _last_values(
    rows: Sequence[Any], name: str, thing_id: str, record: str, readings: list[Reading | Rejected]
) -> None:
    """Read the last value of each parameter of a place, which stands under a name of the version's own."""
    for row in rows:
        try:
            if not isinstance(row, dict):
                raise Rejection("not_an_object", "the measurement is no object")
            value = result(str(row.get("parameter")), row.get(name), str(row.get("unit")))
            readings.append(Reading(thing_id, utc(row.get("lastUpdated")), value, record))
        except Rejection as why:
            readings.append(rejected(record, why, row, thing_id))
