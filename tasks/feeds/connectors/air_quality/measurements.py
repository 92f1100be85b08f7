"""[p] OpenAQ: one measurement a row, of a place (versions 1 and 2) or of the sensor that the URL names (version 3)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Payload, Thing
from tasks.feeds.connectors.air_quality.readings import Reading, place, result, utc

_SENSOR_IN_URL: Final = re.compile(r"/sensors/(\d+)/")


def is_one(row: Mapping[str, Any]) -> bool:
    """Tell whether a row is one measurement."""
    return "value" in row and "parameter" in row


def place_id(row: Mapping[str, Any]) -> str:
    """Name a place of version 1, which has no number, by country, city and its own name."""
    return "/".join(str(row.get(name) or "").strip() for name in ("country", "city", "location"))


def read(row: Mapping[str, Any], record: str, payload: Payload) -> tuple[Thing, Reading]:
    """
    Read a measurement and what it was measured by.

    Raises: Rejection.
    """
    parameter = row["parameter"]
    if isinstance(parameter, Mapping):
        # An average over a period is of its end, as the latest values of the same sensor are.
        period = row.get("period")
        when = period.get("datetimeTo") if isinstance(period, Mapping) else None
        name, unit, thing = (
            str(parameter.get("name")),
            str(parameter.get("units")),
            _sensor(row, record, payload),
        )
    else:
        when = row.get("date")
        name, unit, thing = str(parameter), str(row.get("unit")), _station(row, record)
    return thing, Reading(thing.external_id, utc(when), result(name, row["value"], unit), record)


def _sensor(row: Mapping[str, Any], record: str, payload: Payload) -> Thing:
    in_url = _SENSOR_IN_URL.search(payload.url)
    thing_id = f"sensor-{in_url.group(1)}" if in_url else "sensor"
    lon, lat = place(row)
    return Thing(
        external_id=thing_id, record=record, kind="air_quality_sensor", name=thing_id, lon=lon, lat=lat
    )


def _station(row: Mapping[str, Any], record: str) -> Thing:
    thing_id = str(row.get("locationId") or place_id(row))
    if not thing_id.strip("/"):
        raise Rejection("no_identity", "the measurement names no place")
    lon, lat = place(row)
    name = str(row.get("location") or thing_id).strip()
    return Thing(external_id=thing_id, record=record, kind="air_quality_station", name=name, lon=lon, lat=lat)
