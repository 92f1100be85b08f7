"""[p] AirNow: indices with a local date, an hour and a zone, or foretold for a day; values of monitors in UTC."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Payload, Record, Rejected, Result, Thing
from tasks.feeds.connectors.air_quality.readings import Reading, joined, observed_property, rejected, result
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import LocalTimes

#: Hours that the abbreviations of the United States are behind UTC.
_BEHIND: Final = {
    "AST": 4, "ADT": 3, "EST": 5, "EDT": 4, "CST": 6, "CDT": 5, "MST": 7, "MDT": 6, "PST": 8, "PDT": 7, "AKST": 9,
    "AKDT": 8, "HST": 10, "HDT": 9, "SST": 11, "CHST": -10, "GMT": 0, "UTC": 0,
}  # fmt: skip
_HIGHEST_INDEX: Final = 1000
_HOURLY: Final = re.compile(r"\d\d/\d\d/\d{2,4}\|\d\d:\d\d\|[^|]*\|[^|]*\|[^|]*\|[^|]+\|[^|]*\|[^|]*\|[^|]*$")
_CELLS: Final = 9


def rows_of(document: Any) -> Sequence[Any] | None:  # Any: JSON of a publisher.
    """Return the rows of a document, or nothing if it is not AirNow's."""
    if not isinstance(document, list):
        return None
    return document if not document or any(map(_is_row, document)) else None


def _is_row(row: Any) -> bool:  # Any: JSON of a publisher.
    names = {str(key).lower() for key in row} if isinstance(row, dict) else set()
    return bool(names & {"dateobserved", "dateforecast"}) or {"utc", "parameter"} <= names


def rows_of_file(text: str) -> Sequence[Any] | None:
    """Return the rows of an hourly file (`HourlyData_*.dat`), or nothing if it is none."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or not _HOURLY.match(lines[0]):
        return None
    return [_of_line(line) for line in lines]


def _of_line(line: str) -> Any:
    cells = [cell.strip() for cell in line.split("|")]
    if len(cells) != _CELLS:
        return line
    day, clock, site, name, _, parameter, unit, value, agency = cells
    month, date, year = [*day.split("/"), "", ""][:3]
    moment = f"20{year[-2:]}-{month}-{date}T{clock}"
    return {
        "utc": moment, "fullaqscode": site, "sitename": name, "parameter": parameter, "unit": unit, "value": value,
        "agencyname": agency,
    }  # fmt: skip


def records(rows: Sequence[Any], payload: Payload, timezone: str) -> Iterator[Record]:
    """Yield each site once, and one observation per site and hour, or day, with the indices of all pollutants."""
    times = LocalTimes(timezone)
    things: list[Thing] = []
    readings: list[Reading | Rejected] = []
    for number, row in enumerate(rows):
        record = f"{payload.name}#{number}"
        try:
            thing, reading = _reading(row, record, times)
            things.append(thing)
            readings.append(reading)
        except Rejection as why:
            readings.append(rejected(record, why, row))
    yield from joined(readings, things)


def _reading(row: Any, record: str, times: LocalTimes) -> tuple[Thing, Reading]:  # Any: JSON of a publisher.
    if not isinstance(row, dict):
        raise Rejection("not_an_object", "the row is no object")
    said: Mapping[str, Any] = {str(key).lower(): value for key, value in row.items()}
    if "utc" in said:
        return _of_monitor(said, record)
    site = str(said.get("siteid") or said.get("reportingareaname") or said.get("reportingarea") or "").strip()
    if not site:
        raise Rejection("no_identity", "the row names neither a site nor an area")
    index = said.get("nowcastaqi", said.get("aqi"))
    if isinstance(index, bool) or not isinstance(index, int | float) or not 0 <= index <= _HIGHEST_INDEX:
        raise Rejection("sentinel" if index in (-1, -999) else "no_result", f"the index is {index!r:.40}")
    placed = point(said.get("longitude"), said.get("latitude"))
    lon, lat = placed["coordinates"] if placed else (None, None)
    name = str(said.get("sitename") or said.get("reportingareaname") or said.get("reportingarea") or site)
    thing = Thing(external_id=site, record=record, kind="air_quality_station", name=name, lon=lon, lat=lat)
    name = f"aqi_{observed_property(str(said.get('parametername') or 'all'))}"
    if "dateforecast" in said:
        foretold = Result(f"forecast_{name}", float(index), "1")
        return thing, Reading(site, _day(said, times), foretold, record, is_forecast=True)
    return thing, Reading(site, _moment(said), Result(name, float(index), "1"), record)


def _day(said: Mapping[str, Any], times: LocalTimes) -> datetime:
    """Read the beginning of the day that is foretold, which names no zone: the city's."""
    moment = times.parse(str(said["dateforecast"] or ""))
    if moment is None:
        raise Rejection("bad_time", "the forecast is of no day")
    return moment


def _of_monitor(said: Mapping[str, Any], record: str) -> tuple[Thing, Reading]:
    """Read the value of a monitor; where only the index is asked for, that."""
    names = ("intlaqscode", "fullaqscode", "sitename")
    placed = point(said.get("longitude"), said.get("latitude"))
    lon, lat = placed["coordinates"] if placed else (None, None)
    site = next((text for name in names if (text := str(said.get(name) or "").strip())), "")
    site = site or (f"{lon},{lat}" if placed else "")
    if not site:
        raise Rejection("no_identity", "the row names neither a site nor a place")
    parameter = str(said.get("parameter") or "")
    if said.get("value") is None:
        value = result(f"aqi_{observed_property(parameter)}", said.get("aqi"), "")
    else:
        value = result(parameter, said["value"], str(said.get("unit") or ""))
    moment = LocalTimes("UTC").parse(str(said["utc"] or ""))
    if moment is None:
        raise Rejection("bad_time", "the row has no time")
    name = str(said.get("sitename") or site).strip()
    thing = Thing(external_id=site, record=record, kind="air_quality_station", name=name, lon=lon, lat=lat)
    return thing, Reading(site, moment, value, record)


def _moment(said: Mapping[str, Any]) -> datetime:
    """Read the beginning of the hour, `2020-12-20`, `15:00` or 15, `PST`."""
    written = f"{said.get('dateobserved')}".strip(), f"{said.get('hourobserved')}".split(":")[0].strip()
    zone = str(said.get("localtimezone") or "").strip().upper()
    if zone not in _BEHIND:
        raise Rejection("bad_time", f"the zone {zone!r:.20} is not one we know")
    try:
        day = datetime.fromisoformat(written[0]).replace(tzinfo=UTC)
        return day + timedelta(hours=int(written[1]) + _BEHIND[zone])
    except (ValueError, OverflowError):
        raise Rejection("bad_time", f"{' '.join(written)!r:.60} is no local date and hour") from None
