"""[p] Weather as a table: a column of times, and columns of values with their units in the header."""

import csv
import re
from collections.abc import Iterator, Sequence, Set
from typing import Final

from shared.errors import Rejection
from tasks.feeds.connector import Malformed, Observation, Payload, Record, Rejected, Source, Thing
from tasks.feeds.connectors.weather.values import result
from tasks.feeds.reading.column_names import letters
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import LocalTimes
from tasks.feeds.reading.times_written import looks_day_first

_TIME: Final = re.compile(r"date|time|zeit|heure|datum|fecha", re.IGNORECASE)
#: What tells when or where, and never how the weather was.
_NO_MEASURE: Final = re.compile(
    r"(?:date|time|year|month|day|hour|lat|latitude|lon|longitude|elevation|altitude|climate id|wmo id)\b",
    re.IGNORECASE,
)
#: Columns that name a row's station, best first, and what it is called; compared without spaces and punctuation.
_STATIONS: Final = (
    "stationid",
    "station",
    "climateid",
    "wmoid",
    "icao",
    "usaf",
    "stationname",
    "location",
    "city",
)
_CALLED: Final = ("stationname", "name", "station", "location", "city")
_LATITUDES: Final = ("lat", "latitude", "latitudey")
_LONGITUDES: Final = ("lon", "lng", "long", "longitude", "longitudex")
_UNIT: Final = re.compile(r"\(([^()]*)\)\s*$")


def records(text: str, payload: Payload, source: Source) -> Iterator[Record]:
    """
    Yield each station once, and one observation per row.

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
    where = _Where(header, str(source.options.get("station") or ""))
    rows = list(_rows(reader))
    day_first = looks_day_first([row[at] for row in rows if len(row) == len(header)])
    times = LocalTimes(str(source.options.get("timezone") or source.timezone), day_first=bool(day_first))
    seen: set[str] = set()
    for number, row in enumerate(rows):
        record = f"{payload.name}#{number}"
        station = where.station(row)
        if station not in seen and len(row) == len(header):
            seen.add(station)
            yield where.thing(row, station, record)
        yield _observation(row, header, at, where, record, times)


class _Where:
    """Where a row was measured: by the columns that tell it, unless an option names the one station of the table."""

    def __init__(self, header: Sequence[str], only: str) -> None:
        names = [letters(name) for name in header]

        def place(known: Sequence[str]) -> int | None:
            return None if only else next((names.index(name) for name in known if name in names), None)

        self._only = only or "table"
        self._width = len(header)
        self._station, self._called = place(_STATIONS), place(_CALLED)
        self._lat, self._lon = place(_LATITUDES), place(_LONGITUDES)
        #: The places of the columns that tell where, and not how the weather was.
        self.columns: Set[int | None] = {self._station, self._called, self._lat, self._lon}

    def station(self, row: Sequence[str]) -> str:
        """Return the id of a row's station."""
        return self._cell(row, self._station) or self._only

    def thing(self, row: Sequence[str], station: str, record: str) -> Thing:
        """Return a row's station; a place that cannot be read is unknown."""
        try:
            found = point(self._cell(row, self._lon), self._cell(row, self._lat))
        except Rejection:
            found = None
        lon, lat = found["coordinates"] if found else (None, None)
        name = self._cell(row, self._called) or station
        return Thing(external_id=station, record=record, kind="weather_station", name=name, lon=lon, lat=lat)

    def _cell(self, row: Sequence[str], place: int | None) -> str:
        return "" if place is None or len(row) != self._width else row[place].strip()


def _rows(reader: Iterator[list[str]]) -> Iterator[Sequence[str]]:
    while True:
        try:
            yield from (row for row in reader if row)
            return
        except csv.Error as error:
            yield [f"unreadable: {error}"]


def _observation(
    row: Sequence[str], header: Sequence[str], at: int, where: _Where, record: str, times: LocalTimes
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
        and place not in where.columns
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
        external_id=where.station(row),
        record=record,
        observed_at=moment,
        phenomenon_time=moment,
        results=results,
    )


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _unit(name: str) -> str:
    found = _UNIT.search(name)
    return found.group(1) if found else "{unknown}"
