"""[p] Which of 03/04/2022 is the day: an option says it, else the dates of the whole answer do, else its country."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from tasks.feeds.reading.times import LocalTimes
from tasks.feeds.reading.times_written import is_day_first

_LOOKED_AT: Final = 1000
_NN_NN: Final = re.compile(r"\s*\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2}", re.ASCII)


def local_times(zone: str, day_first: bool | None, rows: Iterable[Any]) -> LocalTimes:  # Any: JSON.
    """Return what reads the times of an answer's rows in a zone; the dates of the first thousand tell the order."""
    return times_by(zone, day_first, _dates(islice(rows, _LOOKED_AT)))


def times_by(zone: str, day_first: bool | None, written: Iterable[str]) -> LocalTimes:
    """
    Return what reads times in a zone.

    What an option says of `day_first` settles the order; else dates that are written so and can tell do, else the
    country of the zone.
    """
    is_first = is_day_first(zone, written) if day_first is None else day_first
    return LocalTimes(zone, day_first=is_first)


def _dates(rows: Iterable[Any]) -> Iterator[str]:  # Any: as above.
    for row in rows:
        for value in row.values() if isinstance(row, Mapping) else ():
            if isinstance(value, str) and _NN_NN.match(value):
                yield value
