"""
[p] Read publishers' times; everything that comes out is aware and in UTC.

A time that is absent (empty, 0) is `None`; a time that cannot be read is a `Rejection("bad_time")`.
"""

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.errors import Permanent, Rejection
from tasks.feeds.reading.times_spoken import usual_forms
from tasks.feeds.reading.times_written import iso, usual, written
from tasks.feeds.reading.words import NOTHING

#: Seconds after which a POSIX number can only be meant as milliseconds (the year 5138).
MILLISECONDS_FROM: Final = 100_000_000_000
_DAYS_REMEMBERED: Final = 4096
#: No time is written longer.
_LONGEST: Final = 100
#: Seconds or milliseconds since 1970 of the years 2001 to 2033: nobody writes a day so.
_POSIX: Final = re.compile(r"1\d{9}(?:\d{3})?(?:\.\d{1,9})?", re.ASCII)

#: What services of .NET write in JSON; an offset behind the milliseconds changes nothing.
_DOT_NET: Final = re.compile(r"/Date\((-?\d{1,14})(?:[+-]\d{4})?\)/", re.ASCII)
#: The first and the last day there is, and the one from which spreadsheets count: databases hold them where no day is.
_NO_DAY: Final = re.compile(
    r"(?:0000[-/]00[-/]00|0001[-/]01[-/]01|9999[-/]12[-/]31|1899[-/]12[-/]3[01]"
    r"|00/00/0000|01/01/0001|12/31/9999|31/12/9999|12/3[01]/1899|3[01]/12/1899)(?:[T ].*)?",
    re.ASCII,
)
_EXTREMES: Final = frozenset(("0000", "0001", "9999", "1899"))


def from_posix(value: object) -> datetime | None:
    """
    Read seconds (or milliseconds) since 1970, as a number or its text.

    Returns: `None` when absent or 0, which publishers use for unknown.
    Raises: Rejection if it is no number or no time a calendar has.
    """
    if value is None or value == "" or value is False:
        return None
    try:
        seconds = float(value)  # type: ignore[arg-type]  # what float refuses is caught
    except (TypeError, ValueError):
        raise Rejection("bad_time", f"{value!r:.60} is not a POSIX time") from None
    if seconds == 0:
        return None
    if abs(seconds) >= MILLISECONDS_FROM:
        seconds /= 1000
    try:
        return datetime.fromtimestamp(seconds, UTC) if math.isfinite(seconds) else _no_time(value)
    except (OverflowError, ValueError, OSError):
        return _no_time(value)


def _no_time(value: object) -> datetime:
    raise Rejection("bad_time", f"{value!r:.60} is outside the calendar")


def from_rfc3339(value: object) -> datetime | None:
    """
    Read an RFC 3339 or ISO 8601 time that names its offset.

    Raises: Rejection if it has no offset: the caller then needs a `LocalTimes`.
    """
    if value is None or value == "":
        return None
    moment = iso(str(value).strip())
    if moment is None or moment.tzinfo is None:
        raise Rejection("bad_time", f"{value!r:.60} is not a time with an offset")
    return _in_utc(moment, str(value))


def from_rfc2822(value: str) -> datetime | None:
    """Read the time of mail and RSS (`Tue, 19 Mar 2024 09:27:19 -0400`); no zone counts as UTC."""
    if not value.strip():
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise Rejection("bad_time", f"{value!r:.60} is not an RFC 2822 time") from None
    return _in_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC), value)


def _in_utc(moment: datetime, text: str) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Rejection("bad_time", f"{text!r:.60} is outside the calendar") from None


def zone(name: str) -> ZoneInfo:
    """Return an IANA zone; a `Permanent` error names the one that does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Permanent(f"{name!r} is not an IANA time zone") from None


class LocalTimes:
    """
    Reads written times of one place, millions of them, where most name no offset.

    Of an hour that happens twice the first is meant; an hour that a clock change skips is read with the
    offset before it. `day_first` decides 03/04/2022: the third of April, or March the fourth.
    """

    def __init__(self, zone_name: str, *, day_first: bool = False) -> None:
        self.zone = zone(zone_name)
        self.day_first = day_first
        #: Offset of each day seen, by ordinal; None for a day on which the clock changes.
        self._offsets: dict[int, timedelta | None] = {}

    def parse(self, text: str) -> datetime | None:
        """
        Read ISO 8601, MM/DD/YYYY or DD/MM/YYYY with or without a clock, a written month, or seconds since 1970.

        Raises: Rejection if none of them fits.
        """
        moment = self.written(text)
        return None if moment is None else self.to_utc(moment)

    def written(self, text: str) -> datetime | None:
        """Read a time as it is written, naive when it names no offset; raises Rejection as `parse` does."""
        text = text.strip()
        if not text or text in NOTHING:
            return None
        if len(text) > _LONGEST:
            raise Rejection("bad_time", f"{text[:60]!r} goes on: no time has more than {_LONGEST} characters")
        if text[:1] == "1" and _POSIX.fullmatch(text):
            return from_posix(text)
        if (text[:4] in _EXTREMES or text[6:10] in _EXTREMES) and _NO_DAY.fullmatch(text):
            return None
        if (moment := self._read(text)) is not None:
            return moment
        if found := _DOT_NET.fullmatch(text):
            return from_posix(found[1])
        for form in usual_forms(text, self.zone):
            if (moment := self._read(form)) is not None:
                return moment
        raise Rejection("bad_time", f"{text!r:.60} is not a time we can read")

    def _read(self, text: str) -> datetime | None:
        moment = usual(text, self.day_first) if text[2:3] == "/" else iso(text)
        return written(text, self.day_first) if moment is None else moment

    def is_steady(self, moment: datetime) -> bool:
        """Tell whether no clock changes on the day of a moment that was placed in UTC."""
        return self._offsets.get(moment.toordinal()) is not None

    def to_utc(self, moment: datetime) -> datetime:
        """Place a moment in UTC; a naive one is of this zone."""
        if moment.tzinfo is not None:
            return _in_utc(moment, str(moment))
        day = moment.toordinal()
        try:
            offset = self._offsets[day]
        except KeyError:
            offset = self._learn(day, moment)
        try:
            if offset is not None:
                return (moment - offset).replace(tzinfo=UTC)
        except OverflowError:
            return _no_time(moment)
        return _in_utc(moment.replace(tzinfo=self.zone), str(moment))

    def _learn(self, day: int, moment: datetime) -> timedelta | None:
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=self.zone)
        last = moment.replace(hour=23, minute=59, second=59, microsecond=999999, tzinfo=self.zone)
        steady = midnight.utcoffset() == last.utcoffset() == midnight.replace(fold=1).utcoffset()
        if len(self._offsets) >= _DAYS_REMEMBERED:
            self._offsets.clear()
        offset = midnight.utcoffset() if steady else None
        self._offsets[day] = offset
        return offset
