"""[p] Clocks in a column beside that of their days: which column holds them, and both read as one moment."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.reading.cells import BadRow, Row
from tasks.feeds.reading.column_names import letters
from tasks.feeds.reading.times import LocalTimes
from tasks.feeds.reading.words import NOTHING

#: What a name says where the days are -> what it says where their clocks are, in each language that writes it so.
_NAMES: Final[Mapping[str, Sequence[str]]] = {
    "date": ("time", "heure"),
    "fecha": ("hora",),
    "data": ("hora", "ora", "godzina"),
    "datum": ("uhrzeit", "zeit", "tijd", "tid"),
    "dato": ("tid", "klokkeslett"),
}
#: How long these took is a time, too, and written as a clock is.
_LASTING: Final = re.compile("resolution|completion|response")
_CLOCK: Final = re.compile(
    r"\d{1,2}[:h]\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:\s*[ap]\.?\s?m\.?)?", re.ASCII | re.IGNORECASE
)
#: Both columns hold nearly always what their names say.
_NEARLY_ALL: Final = 0.9

Cell = Any  # A cell of any format.


def beside(
    names: Sequence[str], rows: Sequence[Row], chosen: Mapping[str, int], times: LocalTimes
) -> dict[int, int]:
    """Return where the clocks are, by where their days are, of the chosen columns that hold days alone."""
    cells = [row for row in rows if not isinstance(row, BadRow)]
    plain = [letters(name) for name in names]
    taken = set(chosen.values())
    found = {}
    for day in sorted(taken):
        for name in _clock_names(plain[day]):
            at = plain.index(name) if name in plain else day
            if at not in taken and _are_days_and_clocks(cells, day, at, times):
                found[day] = at
                break
    return found


def day_and_clock(day: Cell, clock: Cell, times: LocalTimes) -> datetime | None:
    """
    Read a day and the clock beside it as one moment in UTC; where there is no clock, the beginning of the day.

    Raises: Rejection if the day is no time.
    """
    written = _written(day, times)
    if written is None:
        return None
    return times.to_utc((_at(written, clock, times) if _is_day(written) else None) or written)


def _clock_names(name: str) -> Iterator[str]:
    if _LASTING.search(name):
        return
    for day, clocks in _NAMES.items():
        for clock in clocks:
            if name.startswith(day):
                yield clock + name.removeprefix(day)
            if name.endswith(day):
                yield name.removesuffix(day) + clock


def _are_days_and_clocks(cells: Sequence[Sequence[Cell]], day: int, clock: int, times: LocalTimes) -> bool:
    days = [row[day] for row in cells if not _is_blank(row[day])]
    clocks = [row[clock] for row in cells if not _is_blank(row[clock])]
    return (
        bool(days and clocks)
        and sum(_is_day_alone(cell, times) for cell in days) >= _NEARLY_ALL * len(days)
        and sum(_is_clock(cell) for cell in clocks) >= _NEARLY_ALL * len(clocks)
    )


def _is_blank(cell: Cell) -> bool:
    text = "" if cell is None else str(cell).strip()
    return not text or text in NOTHING


def _is_clock(cell: Cell) -> bool:
    return isinstance(cell, time) or (isinstance(cell, str) and _CLOCK.fullmatch(cell.strip()) is not None)


def _is_day_alone(cell: Cell, times: LocalTimes) -> bool:
    try:
        written = _written(cell, times)
    except Rejection:
        return False
    return written is not None and _is_day(written)


def _is_day(written: datetime) -> bool:
    """Tell whether a time is a day of the city's, without a clock or with that of its beginning."""
    return written.tzinfo is None and written.time() == time.min


def _written(cell: Cell, times: LocalTimes) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime.combine(cell, time.min)
    return None if cell is None else times.written(str(cell))


def _at(day: datetime, clock: Cell, times: LocalTimes) -> datetime | None:
    """Return the moment of a clock on a day; none for what is no clock."""
    if not _is_clock(clock):
        return None
    try:
        return times.written(f"{day.date().isoformat()} {str(clock).strip()}")
    except Rejection:
        return None
