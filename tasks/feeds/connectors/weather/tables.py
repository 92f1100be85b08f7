"""[p] Weather as a table: a column of times, and columns of values with their units in the header."""

import csv
import io
import re
from collections.abc import Iterator, Sequence, Set
from itertools import dropwhile
from typing import Any, Final

from shared.errors import Rejection
from shared.feeds.kinds.weather import WeatherOptions
from tasks.feeds.connector import Malformed, Observation, Payload, Record, Rejected, Result, Source, Thing
from tasks.feeds.connectors.weather.known_tables import Known, known
from tasks.feeds.connectors.weather.values import result
from tasks.feeds.quality import UNKNOWN_UNIT
from tasks.feeds.reading.column_names import letters
from tasks.feeds.reading.documents import excerpt
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import LocalTimes
from tasks.feeds.reading.times_written import looks_day_first

_TIME: Final = re.compile(r"date|time|zeit|heure|datum|fecha|^valid$", re.IGNORECASE)
#: Columns of their own for the parts of a time, with which a table begins.
_PARTS: Final = ("year", "month", "day", "hour")
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
_DELIMITERS: Final = ",;\t"
#: A bulletin does not begin with a line of so many.
_COLUMNS: Final = 4
_HEADER_CHARACTERS: Final = 10_000
_UNIT: Final = re.compile(r"\(([^()]*)\)\s*$")
#: A decimal comma, as those write who part their columns otherwise.
_COMMA: Final = re.compile(r"[+-]?\d{1,9},\d{1,9}", re.ASCII)


def begins(text: str) -> bool:
    """Tell whether a text begins as a table of several columns, one of which may hold reports of airports."""
    lines = _lines(text[:_HEADER_CHARACTERS]) or [""]
    columns = 1 + max(map(lines[0].count, _DELIMITERS))
    return columns >= _COLUMNS or known(lines[0].split(",")) is not None


def _lines(text: str) -> list[str]:
    return list(dropwhile(lambda line: line.startswith("#"), text.splitlines()))


def of_json(document: Any) -> str | None:  # Any: JSON of a publisher.
    """Return the rows of an answer as a table whose units are known (Meteostat's JSON); nothing of any other."""
    rows = document.get("data") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict) or known([*rows[0]]) is None:
        return None
    meta = document.get("meta")
    stations = meta.get("stations") if isinstance(meta, dict) else None
    own = {"station": stations[0]} if isinstance(stations, list) and len(stations) == 1 else {}
    names = [*own, *(name for name in rows[0] if name not in own)]
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(names)
    for row in rows:
        told = {**own, **row} if isinstance(row, dict) else {}
        table.writerow([told.get(name) for name in names] if told else [excerpt(row)])
    return written.getvalue()


def records(text: str, payload: Payload, source: Source) -> Iterator[Record]:
    """
    Yield each station once, and one observation per row.

    Raises: Malformed if the first line is no header with a time.
    """
    lines = _lines(text)
    delimiter = max(_DELIMITERS, key=(lines[0] if lines else "").count)
    try:
        header = [name.strip() for name in next(csv.reader(lines, delimiter=delimiter), [])]
    except csv.Error as error:
        raise Malformed(f"{payload.name}: no table: {error}") from None
    at = _time_columns(header)
    if not at or len(header) < 2:
        raise Malformed(f"{payload.name}: neither weather nor a table with a column of times")
    options = WeatherOptions.read(source.options)
    where = _Where(header, options.station)
    written = (row[at[0]] for row in _rows(lines, delimiter) if len(row) == len(header))
    day_first = looks_day_first(written)
    told = known(header)
    zone = options.timezone or (told and told.timezone) or source.timezone
    times = LocalTimes(str(zone), day_first=bool(day_first))
    seen: set[str] = set()
    for number, row in enumerate(_rows(lines, delimiter)):
        record = f"{payload.name}#{number}"
        station = where.station(row)
        if station not in seen and len(row) == len(header):
            seen.add(station)
            yield where.thing(row, station, record)
        yield _observation(row, header, at, where, record, times, told)


def _time_columns(header: Sequence[str]) -> Sequence[int]:
    """Return the column of times, or those of the parts of one."""
    names = tuple(name.lower() for name in header)
    if names[:3] == _PARTS[:3]:
        return range(4 if names[3:4] == _PARTS[3:] else 3)
    return [place for place, name in enumerate(header) if _TIME.search(name)][:1]


def _written(row: Sequence[str], at: Sequence[int]) -> str:
    if len(at) == 1:
        return row[at[0]]
    year, month, day, hour = (*(row[place].strip() for place in at), "0")[:4]
    return f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:00"


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


def _rows(lines: Sequence[str], delimiter: str) -> Iterator[Sequence[str]]:
    """Yield the rows below the header, read anew: as lines they take a fifth of what they take as rows."""
    reader = csv.reader(lines, delimiter=delimiter)
    next(reader)
    while True:
        try:
            told = (row for row in reader if row)
            yield from told if delimiter == "," else map(_with_points, told)
            return
        except csv.Error as error:
            yield [f"unreadable: {error}"]


def _with_points(row: Sequence[str]) -> Sequence[str]:
    return [cell.replace(",", ".") if _COMMA.fullmatch(cell.strip()) else cell for cell in row]


def _observation(
    row: Sequence[str],
    header: Sequence[str],
    at: Sequence[int],
    where: _Where,
    record: str,
    times: LocalTimes,
    told: Known | None,
) -> Observation | Rejected:
    if len(row) != len(header):
        said = f"{len(row)} columns instead of {len(header)}"
        return Rejected(record=record, reason="bad_width", detail=said, excerpt=",".join(row)[:500])
    try:
        moment = times.parse(_written(row, at))
    except Rejection as why:
        return Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=",".join(row)[:500])
    results = tuple(
        found
        for place, name in enumerate(header)
        if place not in at
        and place not in where.columns
        and not _NO_MEASURE.match(name)
        and (found := _value(name, _number(row[place]), told))
    )
    if told and not results:
        results = told.reported(header, row)
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


def _value(name: str, number: float | None, told: Known | None) -> Result | None:
    return told.value(name, number) if told else result(name, number, _unit(name))


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _unit(name: str) -> str:
    found = _UNIT.search(name)
    return found.group(1) if found else UNKNOWN_UNIT
