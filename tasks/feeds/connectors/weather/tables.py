"""[p] Weather as a table: a column of times, and columns of values with their units in the header."""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Final

from shared.errors import Rejection
from tasks.feeds.connector import Malformed, Observation, Payload, Record, Rejected, Source, Thing
from tasks.feeds.connectors.weather.values import result
from tasks.feeds.reading.times import LocalTimes
from tasks.feeds.reading.times_written import looks_day_first

_TIME: Final = re.compile(r"date|time|zeit|heure|datum|fecha", re.IGNORECASE)
#: What tells when or where, and never how the weather was.
_NO_MEASURE: Final = re.compile(
    r"(?:date|time|year|month|day|hour|lat|latitude|lon|longitude)\b", re.IGNORECASE
)
_UNIT: Final = re.compile(r"\(([^()]*)\)\s*$")


def records(text: str, payload: Payload, source: Source) -> Iterator[Record]:
    """
    Yield the station and one observation per row.

    Raises: Malformed if the first line is no header with a time.
    """
    lines = text.splitlines()
    delimiter = max(",;\t", key=(lines[0] if lines else "").count)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise Malformed(f"{payload.name}: no table: {error}") from None
    at = next((place for place, name in enumerate(header) if _TIME.search(name)), None)
    if at is None or len(header) < 2:
        raise Malformed(f"{payload.name}: neither weather nor a table with a column of times")
    station = str(source.options.get("station") or "table")
    rows = list(_rows(reader))
    day_first = looks_day_first([row[at] for row in rows if len(row) == len(header)])
    times = LocalTimes(str(source.options.get("timezone") or source.timezone), day_first=bool(day_first))
    for number, row in enumerate(rows):
        record = f"{payload.name}#{number}"
        if number == 0:
            yield Thing(external_id=station, record=record, kind="weather_station", name=station)
        yield _observation(row, header, at, station, record, times)


def _rows(reader: Iterator[list[str]]) -> Iterator[Sequence[str]]:
    while True:
        try:
            yield from (row for row in reader if row)
            return
        except csv.Error as error:
            yield [f"unreadable: {error}"]


def _observation(
    row: Sequence[str], header: Sequence[str], at: int, station: str, record: str, times: LocalTimes
) -> Observation | Rejected:
    if len(row) != len(header):
        said = f"{len(row)} columns instead of {len(header)}"
        return Rejected(record=record, reason="bad_width", detail=said, excerpt=",".join(row)[:500])
    try:
        moment = times.parse(row[at])
    except Rejection as why:
        return Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=",".join(row)[:500])
    results = tuple(
        found
        for place, name in enumerate(header)
        if place != at
        and not _NO_MEASURE.match(name)
        and (found := result(name, _number(row[place]), _unit(name)))
    )
    if moment is None or not results:
        return Rejected(
            record=record,
            reason="no_result",
            detail="a row without time or value",
            excerpt=",".join(row)[:500],
        )
    return Observation(
        external_id=station, record=record, observed_at=moment, phenomenon_time=moment, results=results
    )


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _unit(name: str) -> str:
    found = _UNIT.search(name)
    return found.group(1) if found else "{unknown}"
