"""[p] Read a column of local times: what is written as most publishers do, all of it at once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.errors import Rejection
from tasks.feeds.encoding.binary import NEVER, microseconds
from tasks.feeds.encoding.places import Cells
from tasks.feeds.encoding.weave import Numbers
from tasks.feeds.reading.clocks import day_and_clock
from tasks.feeds.reading.grid import Flags, Grid, Places
from tasks.feeds.reading.times import LocalTimes

#: Each stands for a digit of: year, month, day, hour, minute, second, fraction.
_PARTS: Final = "ymdhisf"
#: What else stands in a form is meant; but `T` may be a blank, and `A` a P.
_ISO: Final = ("yyyy-mm-dd", "yyyy-mm-ddThh:ii:ss", "yyyy-mm-ddThh:ii:ss.fff", "yyyy-mm-ddThh:ii:ssZ")
_SLASHED: Final = ("mm/dd/yyyy", "mm/dd/yyyy hh:ii:ss", "mm/dd/yyyy hh:ii:ss AM")
_DIGITS: Final = np.uint8(ord("0"))
_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
#: Years whose every moment is one in UTC, too, and whose days lie on this calendar.
_YEARS: Final = (1900, 2200)
_EPOCH: Final = np.datetime64("2000-01-01", "D")
#: Stands for how far local time is ahead on a day on which that changes.
_CHANGES: Final = 2**62
_OTHERS: Final = {"T": b"T ", "A": b"AP"}


class Moments:
    """Reads times as `LocalTimes` does, to microseconds as Postgres counts them."""

    def __init__(self, times: LocalTimes) -> None:
        self._times = times
        slashed = [form.replace("mm/dd", "dd/mm") for form in _SLASHED] if times.day_first else _SLASHED
        self._forms: dict[int, list[str]] = {}
        for form in (*_ISO, *slashed):
            self._forms.setdefault(len(form), []).append(form)
        #: How far local time is ahead of UTC on each day since 2000; nothing for a day on which that changes.
        self._offsets: dict[int, int | None] = {}

    def read(self, grid: Grid, starts: Places, ends: Places, alone: Flags) -> Numbers:
        """Return the moments of a column's cells; what is no time is noted in `alone`."""
        found = np.full(len(starts), NEVER, dtype=np.int64)
        sizes = ends - starts
        is_left = sizes > 0
        for size in set(sizes.tolist()) & self._forms.keys():
            rows = np.flatnonzero(sizes == size)
            for form in self._forms[size]:
                octets = grid.octets[starts[rows][:, None] + np.arange(size)]
                values, is_read = self._read(form, octets)
                found[rows[is_read]] = values[is_read]
                is_left[rows[is_read]] = False
                rows = rows[~is_read]
                if not len(rows):
                    break
        at = np.flatnonzero(is_left)
        for row, cell in zip(at.tolist(), grid.texts(starts[at], ends[at]), strict=True):
            try:
                naive = self._times.written(cell)
                if naive is not None:
                    found[row] = microseconds(self._times.to_utc(naive))
            except Rejection:
                alone[row] = True
        return found

    def read_both(self, grid: Grid, days: Cells, clocks: Cells, alone: Flags) -> Numbers:
        """Return the moments of a column's days at the clocks in another; what is no time is noted in `alone`."""
        found = np.full(len(days.starts), NEVER, dtype=np.int64)
        for row, (day, clock) in enumerate(zip(grid.texts(*days), grid.texts(*clocks), strict=True)):
            try:
                moment = day_and_clock(day, clock, self._times) if day else None
            except Rejection:
                alone[row] = True
            else:
                found[row] = NEVER if moment is None else microseconds(moment)
        return found

    def _read(self, form: str, octets: npt.NDArray[np.uint8]) -> tuple[Numbers, Flags]:
        """Return the moments of cells of the size of a form, and which of them have it and are simply one."""
        is_read = np.ones(len(octets), dtype=np.bool_)
        for at, character in enumerate(form):
            if character not in _PARTS:
                one, *other = _OTHERS.get(character, character.encode())
                is_one = octets[:, at] == one
                is_read &= is_one | (octets[:, at] == other[0]) if other else is_one
        digits = octets - _DIGITS
        part = {name: _number(form, name, digits, is_read) for name in _PARTS if name in form}
        none = np.zeros(len(octets), dtype=np.int64)
        hours, minutes, seconds = (part.get(name, none) for name in "his")
        if "A" in form:
            is_read &= (hours >= 1) & (hours <= 12)
            hours = hours % 12 + 12 * (octets[:, form.index("A")] == ord("P"))
        is_read &= (hours < 24) & (minutes < 60) & (seconds < 60)
        clock = ((hours * 60 + minutes) * 60 + seconds) * _SECOND + part.get("f", none) * 1000
        days = _days(part, is_read)
        values = days * _DAY + clock
        return (values if form.endswith("Z") else values - self._ahead(days, is_read)), is_read

    def _ahead(self, days: Numbers, is_read: Flags) -> Numbers:
        """Return how far local time is ahead on days; those on which that changes are not read."""
        rows = np.flatnonzero(is_read)
        ahead = np.zeros(len(days), dtype=np.int64)
        if len(rows):
            first = int(days[rows].min())
            since = days[rows] - first
            seen = np.flatnonzero(np.bincount(since))
            known = [self._offset(first + day) for day in seen.tolist()]
            offsets = np.zeros(seen[-1] + 1, dtype=np.int64)
            offsets[seen] = [_CHANGES if offset is None else offset for offset in known]
            ahead[rows] = offsets[since]
            is_read &= ahead != _CHANGES
        return ahead

    def _offset(self, day: int) -> int | None:
        if day not in self._offsets:
            naive = datetime(2000, 1, 1) + timedelta(days=day)  # noqa: DTZ001 - a local day
            moment = microseconds(self._times.to_utc(naive))
            self._offsets[day] = day * _DAY - moment if self._times.is_steady(naive) else None
        return self._offsets[day]


def _number(form: str, name: str, digits: npt.NDArray[np.uint8], is_read: Flags) -> Numbers:
    """Return the number that a form's digits of a name write; cells in which one is no digit are not read."""
    begin, size = form.index(name), form.count(name)
    value = np.zeros(len(digits), dtype=np.int64)
    for at in range(begin, begin + size):
        is_read &= digits[:, at] < 10
        value = value * 10 + digits[:, at]
    return value


def _days(part: Mapping[str, Numbers], is_read: Flags) -> Numbers:
    """Return days since 2000; what is none of the calendar is not read."""
    year, month, day = part["y"], part["m"], part["d"]
    is_read &= (year >= _YEARS[0]) & (year < _YEARS[1]) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(is_read, (year - 1970) * 12 + month - 1, 0).astype("M8[M]")
    days = months.astype("M8[D]") + (np.where(is_read, day, 1) - 1)
    is_read &= days.astype("M8[M]") == months
    since: Numbers = (days - _EPOCH).astype(np.int64)
    return since
