"""[p] Read a column of local times: each day, and each time of day, is read once."""

import re
from collections.abc import Sequence
from datetime import MAXYEAR
from typing import Final

from shared.errors import Rejection
from tasks.feeds.encoding.binary import microseconds
from tasks.feeds.reading.times import LocalTimes

#: No moment; sorts before every other.
NEVER: Final = -(2**62)
_REMEMBERED: Final = 100_000
_DAY: Final = 10
#: Texts of which the first ten characters alone tell the day, and the rest alone the time of day.
_PARTED: Final = re.compile(r"(?:\d\d/\d\d/\d{4}|\d{4}-\d\d-\d\d)(?:[ T]\d.*)?", re.ASCII)


class Moments:
    """Reads times as `LocalTimes` does, to microseconds as Postgres counts them."""

    def __init__(self, times: LocalTimes) -> None:
        self._times = times
        self._days: dict[str, int] = {}
        self._clocks: dict[str, int] = {}

    def read(self, cells: Sequence[Sequence[str]], place: int | None, alone: set[int]) -> list[int]:
        """Return the moments of a column; the positions of what is no time are added to `alone`."""
        if place is None:
            return [NEVER] * len(cells[0])
        days, clocks = self._days, self._clocks
        found: list[int] = []
        for at, cell in enumerate(cells[place]):
            if not cell:
                found.append(NEVER)
                continue
            try:
                found.append(days[cell[:10]] + clocks[cell[10:]])
            except KeyError:
                try:
                    found.append(self._read(cell))
                except Rejection:
                    alone.add(at)
                    found.append(NEVER)
        return found

    def _read(self, cell: str) -> int:
        naive = self._times.written(cell)
        if naive is None:
            return NEVER
        value = microseconds(self._times.to_utc(naive))
        if naive.tzinfo is None and naive.year < MAXYEAR and _PARTED.fullmatch(cell):
            midnight = naive.replace(hour=0, minute=0, second=0, microsecond=0)
            since = naive - midnight
            clock = since.seconds * 1_000_000 + since.microseconds
            # On the day of a clock change the time of day decides: such days are read cell by cell.
            if self._times.is_steady(naive) and len(self._days) + len(self._clocks) < _REMEMBERED:
                self._days[cell[:_DAY]] = value - clock
                self._clocks[cell[_DAY:]] = clock
        return value
