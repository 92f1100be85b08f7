"""
[p] Service days: whose times are counted from "noon minus 12 h", which is midnight but when a clock changes.

Source: https://github.com/google/transit/blob/master/gtfs/spec/en/reference.md (field type Time).
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from shared.errors import Rejection
from tasks.feeds.connector import Service

_TIME: Final = re.compile(r"(\d{1,3}):([0-5]?\d)(?::([0-5]?\d))?", re.ASCII)
_NOON: Final = time(12)
_HALF: Final = timedelta(hours=12)
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2200
#: A trip that runs now began today, or yesterday; a prediction may be of tomorrow's.
_NEAR_DAYS: Final = (0, -1, 1)


class Days(NamedTuple):
    """The days of a service: `weekdays` from Monday ("1111100") in [start, end], dates as YYYYMMDD."""

    weekdays: str
    start: str
    end: str
    added: Sequence[str]
    removed: Sequence[str]

    def include(self, day: date) -> bool:
        """Tell whether the service runs on a day; a date of its own settles it, else the weekday does."""
        written = f"{day:%Y%m%d}"
        if written in self.added or written in self.removed:
            return written in self.added
        return self.start <= written <= self.end and self.weekdays[day.weekday()] == "1"


def days_of(service: Service) -> Days:
    """Return the days of a service."""
    return Days(service.weekdays, service.start, service.end, service.added, service.removed)


def moment(day: date, seconds: int, zone: ZoneInfo) -> datetime:
    """Return the moment of a timetable's time in UTC; `seconds` may be more than a day's."""
    noon = datetime.combine(day, _NOON, zone).astimezone(UTC)
    return noon - _HALF + timedelta(seconds=seconds)


def seconds_of(text: str) -> int | None:
    """
    Read `8:05:00`, `25:35:00` or `8:05`: hours may go on after 24, for calls after midnight of the service day.

    Blank is none.

    Raises: Rejection if it is no time.
    """
    stripped = text.strip()
    if not stripped:
        return None
    found = _TIME.fullmatch(stripped)
    if found is None:
        raise Rejection("bad_time", f"{text!r:.40} is not H:MM:SS")
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)


def day_of(written: str | None) -> date | None:
    """Read YYYYMMDD; what is no day of our times is none."""
    if not written or len(written) != 8 or not (written.isascii() and written.isdigit()):
        return None
    try:
        day = date(int(written[:4]), int(written[4:6]), int(written[6:]))
    except ValueError:
        return None
    return day if is_near(day) else None


def is_near(day: date) -> bool:
    """Tell whether a day is one that a timetable may speak of; all arithmetic holds for those."""
    return _FIRST_YEAR <= day.year <= _LAST_YEAR


def nearest_day(days: Days, first: int, last: int, near: datetime, zone: ZoneInfo) -> date | None:
    """
    Return the service day of a trip of which nobody tells it: the one whose run is under way, or nearest, at `near`.

    `first` and `last` are the trip's times in seconds. None when the service runs on no day near.
    """
    if not is_near(near.date()):
        return None
    today = near.astimezone(zone).date()
    best: tuple[timedelta, date] | None = None
    for offset in _NEAR_DAYS:
        day = today + timedelta(days=offset)
        if not days.include(day):
            continue
        begins, ends = moment(day, first, zone), moment(day, last, zone)
        away = max(begins - near, near - ends, timedelta())
        if best is None or away < best[0]:
            best = away, day
    return best[1] if best else None
