"""
[p] The zip of a timetable: its tables, read row by row, with a limit to what they may unpack to.

Tables are found by their names, in the zip itself or in one folder of it, or of a folder; no other member is touched.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, takewhile
from typing import Final

from tasks.feeds.connector import Malformed, Payload
from tasks.feeds.connectors.gtfs_static.nested import package_within
from tasks.feeds.connectors.gtfs_static.rows import Row, rows
from tasks.feeds.reading.cells import check_width
from tasks.feeds.reading.delimited import MENDED, SNIFFED_BYTES, layout
from tasks.feeds.reading.zips import BROKEN, check, listed

#: Tables without which there is no timetable.
REQUIRED: Final = ("agency", "routes", "stops", "trips", "stop_times")
#: Tables that are read; any other is left alone.
READ: Final = frozenset((*REQUIRED, "calendar", "calendar_dates", "frequencies", "shapes"))


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the places of its columns by name, in order, and its rows; a line that says nothing is a bad one."""

    name: str
    columns: Mapping[str, int]
    rows: Iterator[Row]

    def place(self, column: str) -> int:
        """Return the place of a column, or -1 when the table has none of that name."""
        return self.columns.get(column, -1)

    def records(self) -> Iterator[tuple[str, Mapping[str, str] | csv.Error]]:
        """Yield each row's address in the run with its cells by name; cells that hold nothing are left out."""
        for number, row in enumerate(self.rows):
            yield f"{self.name}#{number}", row if isinstance(row, csv.Error) else self._named(row)

    def _named(self, row: list[str]) -> Mapping[str, str] | csv.Error:
        if any("\0" in cell for cell in row):
            return csv.Error("a cell holds a NUL")
        # A row may be shorter than the header.
        size = len(row)
        told = takewhile(lambda column: column[1] < size, self.columns.items())
        return {name: cell for name, place in told if (cell := row[place].strip())}


class Package:
    """
    The tables of one payload.

    `within` names one of several packages that the payload holds.
    Raises: Malformed if it is no zip, lists or unpacks to too much, or lacks a required table, which is named.
    """

    def __init__(self, payload: Payload, within: str = "") -> None:
        self._name = payload.name
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(payload.read()))
            self._members = _members(listed(self._zip, payload.name))
            held = None if self._members and not within else package_within(self._zip, payload.name, within)
            if held is not None:
                self._zip = zipfile.ZipFile(io.BytesIO(held))
                self._members = _members(listed(self._zip, payload.name))
        except BROKEN as error:
            raise Malformed(f"{payload.name}: no zip file: {error!s:.100}") from None
        for name in REQUIRED:
            if name not in self._members:
                raise Malformed(f"{payload.name}: {name}.txt is missing")
        check(list(self._members.values()), payload.name)

    def table(self, name: str) -> Table:
        """
        Return a table; one that is optional and not there, or empty, has no rows.

        Raises: Malformed if it is no text, or required and empty. So does reading its rows, if the zip is broken.
        """
        try:
            lines = self._lines(name)
        except BROKEN as error:
            raise self._broken(name, error) from None
        if lines is None:
            return Table(name, {}, iter(()))
        first = next(lines, "")
        rows = self._rows(name, chain([first], lines), _delimiter(first))
        header = next(rows, [])
        if isinstance(header, csv.Error):
            raise Malformed(f"{self._name}: {name}.txt: {header}")
        check_width(len(header), f"{self._name}: {name}.txt")
        # A column that is named twice is the first of them.
        columns: dict[str, int] = {}
        for place, column in enumerate(header):
            columns.setdefault(column.strip().lower(), place)
        return Table(name, columns, rows)

    def _lines(self, name: str) -> Iterator[str] | None:
        member = self._members.get(name)
        if member is None:
            return None
        with self._zip.open(member) as stream:
            start = stream.read(SNIFFED_BYTES)
        if name not in REQUIRED and not start.strip():
            return None
        found = layout(start, f"{self._name}: {name}.txt")
        return io.TextIOWrapper(self._zip.open(member), found.encoding, MENDED, newline="")

    def _rows(self, name: str, lines: Iterator[str], delimiter: str) -> Iterator[Row]:
        try:
            yield from rows(lines, delimiter)
        except BROKEN as error:
            raise self._broken(name, error) from None

    def _broken(self, name: str, error: Exception) -> Malformed:
        return Malformed(f"{self._name}: {name}.txt cannot be unpacked: {error!s:.100}")


def _delimiter(header: str) -> str:
    """Return what parts the columns of a header: a comma, unless there is none."""
    return next((one for one in ",;\t" if one in header), ",")


def _members(told: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Return the tables that are read, by name: of the folder, or of none, that holds most of the required ones."""
    found: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for member in told:
        folder, _, file = member.filename.replace("\\", "/").rpartition("/")
        table, dot, ending = file.lower().rpartition(".")
        if dot and ending == "txt" and table in READ and folder.count("/") <= 1:
            found.setdefault(folder, {})[table] = member
    return found[min(found, key=lambda folder: (-_held(found[folder]), folder))] if found else {}


def _held(tables: Mapping[str, zipfile.ZipInfo]) -> int:
    return sum(name in tables for name in REQUIRED)
