"""
[p] AirNow's files of sites (`HourlyAQObs_*.dat`): a site a row, with its place, indices and concentrations of one hour.

Source: https://docs.airnowapi.org/docs/HourlyAQObsFactSheet.pdf, whose hours are UTC and begin
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Payload, Record, Rejected, Thing
from tasks.feeds.connectors.air_quality.readings import Reading, observed_property, of_sites, rejected, result
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import LocalTimes

_HEADER: Final = b'"AQSID","SiteName",'
_OF_A_SITE: Final = frozenset(("AQSID", "ValidDate", "ValidTime"))
_POLLUTANTS: Final = ("PM25", "PM10", "OZONE", "NO2", "SO2", "CO")
_UTC: Final = LocalTimes("UTC")


def begins(start: bytes) -> bool:
    """Tell whether a content begins as such a file."""
    return start.removeprefix(b"\xef\xbb\xbf").startswith(_HEADER)


def rows_of_file(text: str) -> Sequence[Any]:
    """Return the rows of a file; one that is not as wide as its header stays a list."""
    reader = csv.reader(text.splitlines())
    header = next(reader, [])
    return [dict(zip(header, row, strict=True)) if len(row) == len(header) else row for row in reader if row]


def rows_of(document: Any) -> Sequence[Any] | None:  # Any: rows of a publisher.
    """Return the rows of a document, or nothing if they are of no sites."""
    if not isinstance(document, list):
        return None
    return document if any(isinstance(row, dict) and row.keys() >= _OF_A_SITE for row in document) else None


def records(rows: Sequence[Any], payload: Payload) -> Iterator[Record]:
    """Yield each site as a thing, and an observation of its hour where there are values."""

    def read(
        row: Any, record: str
    ) -> tuple[Thing, Iterator[Reading | Rejected]]:  # Any: JSON of a publisher.
        thing = _site(row, record)
        return thing, _readings(row, thing)

    return of_sites(rows, payload, read)


def _site(row: Any, record: str) -> Thing:  # Any: as above.
    if not isinstance(row, dict):
        raise Rejection("bad_width", "the row has not as many cells as the header")
    site = str(row["AQSID"]).strip()
    if not site:
        raise Rejection("no_identity", "the row names no site")
    placed = point(row.get("Longitude"), row.get("Latitude"))
    lon, lat = placed["coordinates"] if placed else (None, None)
    name = str(row.get("SiteName") or "").strip() or site
    return Thing(external_id=site, record=record, kind="air_quality_station", name=name, lon=lon, lat=lat)


def _readings(row: Mapping[str, Any], thing: Thing) -> Iterator[Reading | Rejected]:
    moment = _UTC.parse(f"{row['ValidDate']} {row['ValidTime']}".strip())
    if moment is None:
        raise Rejection("bad_time", "the row has no time")
    told = [(name, row.get(name), str(row.get(f"{name}_Unit") or "")) for name in _POLLUTANTS]
    told += [(f"aqi_{observed_property(name)}", row.get(f"{name}_AQI"), "") for name in _POLLUTANTS]
    for name, value, unit in told:
        if not str(value or "").strip():
            continue
        try:
            yield Reading(thing.external_id, moment, result(name, value, unit), thing.record)
        except Rejection as why:
            yield rejected(thing.record, why, {name: value}, thing.external_id)
