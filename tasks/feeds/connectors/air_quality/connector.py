"""
[p] Air quality: OpenAQ 1 to 3, PurpleAir, AirNow, Sensor.Community, the World Air Quality Index, IQAir, and Open-Meteo's model.

Which of them a payload is, its content tells. Options: see README.md.
Source: https://docs.openaq.org/, https://api.purpleair.com/, https://docs.airnowapi.org/,
https://github.com/opendata-stuttgart/meta/wiki/EN-APIs, https://aqicn.org/json-api/doc/
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from shared.feeds.kinds.air_quality import AirQualityOptions
from tasks.feeds.connector import Malformed, Payload, Plan, Record, Request, Source
from tasks.feeds.connectors.air_quality import (
    airnow,
    airnow_sites,
    archives,
    iqair,
    openaq,
    purpleair,
    sensor_community,
    waqi,
)
from tasks.feeds.connectors.weather import openmeteo
from tasks.feeds.credentials import with_credential
from tasks.feeds.reading.documents import decoded, excerpt, load_json

_NOT_FOUND: Final = 404
_FIRST_BYTES: Final = 200
_A_DAY: Final = 24 * 3600
#: OpenAQ's locations, one of them, or its latest values.
_LOCATIONS: Final = re.compile(r"(.*/v3/locations)(?:/(\d+)(/latest)?)?/?", re.ASCII)


def plan(source: Source) -> Plan:
    """
    Fetch the document; of OpenAQ's locations also the latest values, of latest values also their location.

    There is no cursor.
    """
    first = yield with_credential(Request("readings", source.url), source)
    parts = urlsplit(source.url)
    asked = _LOCATIONS.fullmatch(parts.path)
    if asked is None:
        return {}
    locations = f"{parts.scheme}://{parts.netloc}{asked.group(1)}"
    if asked.group(3):
        # The values name their sensors; what these measure, the location tells.
        yield with_credential(
            Request("location", f"{locations}/{asked.group(2)}", optional=True, max_age_seconds=_A_DAY),
            source,
        )
        return {}
    most = AirQualityOptions.read(source.options).max_locations
    for location in _active(_document(first))[:most]:
        url = f"{locations}/{location}/latest"
        yield with_credential(Request(f"latest-{location}", url, optional=True), source)
    return {}


def _active(document: Any) -> list[int]:  # Any: JSON of a publisher.
    """Return the ids of locations, the most recently active first."""
    rows = [
        row
        for row in openaq.rows_of(document) or []
        if isinstance(row, dict) and isinstance(row.get("id"), int)
    ]
    rows.sort(key=_last_active, reverse=True)
    return [row["id"] for row in rows]


def _last_active(row: dict[str, Any]) -> str:
    last = row.get("datetimeLast")
    return str(last.get("utc") or "") if isinstance(last, dict) else ""


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield stations and what they read; readings of one station and moment are one observation.

    Raises: Malformed if a payload is none of the formats, with the service's own words if it failed.
    """
    documents = [(payload, _document(payload)) for payload in payloads if payload.status != _NOT_FOUND]
    sensors = openaq.Sensors()
    for _, document in documents:
        sensors.learn(openaq.rows_of(document) or [])
    for payload, document in documents:
        if isinstance(document, Iterator):
            yield from openaq.records(document, payload, sensors)
        elif (rows := purpleair.rows_of(document)) is not None:
            yield from purpleair.records(rows, document, payload)
        elif (rows := waqi.rows_of(document, payload.name)) is not None:
            yield from waqi.records(rows, payload)
        elif (city := iqair.city_of(document, payload.name)) is not None:
            yield from iqair.records(city, payload)
        elif (rows := openaq.rows_of(document)) is not None:
            yield from openaq.records(rows, payload, sensors)
        elif (places := openmeteo.places_of(document)) is not None:
            yield from openmeteo.records_of(places, payload, source)
        elif (rows := sensor_community.rows_of(document)) is not None:
            yield from sensor_community.records(rows, payload)
        elif (rows := airnow_sites.rows_of(document)) is not None:
            yield from airnow_sites.records(rows, payload)
        elif (rows := airnow.rows_of(document)) is not None:
            yield from airnow.records(rows, payload, source.timezone)
        else:
            raise Malformed(f"{payload.name}: no air quality we know: {excerpt(document):.200}")


def _document(payload: Payload) -> Any:  # Any: JSON of a publisher.
    """Return the JSON of a payload, the rows of one of AirNow's files, or those of OpenAQ's archives one by one."""
    with payload.open() as stream:
        start = stream.read(_FIRST_BYTES)
    if b"|" in start and (rows := airnow.rows_of_file(payload.read().decode("utf-8-sig", "replace"))):
        return rows
    if airnow_sites.begins(start):
        return airnow_sites.rows_of_file(decoded(payload.read()))
    is_json = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{")
    if not is_json and (archived := archives.rows_of(payload)) is not None:
        return archived
    try:
        document = load_json(payload)
    except Malformed:
        if is_json and (archived := archives.rows_of(payload)) is not None:
            return archived
        raise
    one = archives.one(document)
    return document if one is None else {"results": one}
