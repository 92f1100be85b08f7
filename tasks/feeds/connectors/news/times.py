"""[p] The times of entries, which feeds write in every form."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.reading.times import LocalTimes, from_posix, from_rfc2822

_HALF_DAY: Final = re.compile(r"(.*\d\s*[AP]\.?M\.?)(?:\s+[A-Z]{2,5})?", re.IGNORECASE | re.DOTALL)
_ZONE: Final = re.compile(r"\d\s+\(?([A-Z]{2,5})\)?\s*$")
#: The abbreviations that mail knows; any other is the publisher's own, which is the city's.
_ZONES_OF_MAIL: Final = frozenset(
    ("UT", "UTC", "GMT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT")
)
#: `Monday, November 23, 2026 - 10:00am`, as content systems write for people: the day of the week, and a dash or `at`.
_WEEKDAY: Final = re.compile(r"^[A-Z]{3,9},?\s+(?=[A-Z]{3,9}\.?\s+\d{1,2},)", re.IGNORECASE)
_DAY_BEFORE: Final = re.compile(
    r"^(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,?|[^\W\d]{2,12}(?:-feira)?\.?,)\s+(?=\d)", re.IGNORECASE
)
#: `Fri Nov 20 10:00:00 CET 2026`, as programs in C and Java write it.
_OF_PROGRAMS: Final = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d)( [A-Z]{2,5})? (\d{4})", re.ASCII
)
#: What may stand behind an hour that no time needs: the name of a zone that is the city's anyway, or of an hour.
_BEHIND: Final = re.compile(r"(?<=\d)\s+(?:\(?[A-Z]{3,5}\)?|Uhr|uur|h)$")
#: An offset, or what may be the name of a zone, at the end.
_ZONED: Final = re.compile(r"(?:[+-]\d\d:?\d\d|\d\s*Z|\d\s+\(?[A-Z]{1,5}\)?|[A-Z]{3,4} \d{4})\s*$")
#: An offset as mail does not write it: with a colon, or behind the name of what it is from.
_OFFSET: Final = re.compile(r"(?:GMT|UTC)?([+-]\d\d):?(\d\d)$")
#: Whole hours from Greenwich.
_HOURS: Final = re.compile(r"(?<=\s)(?:GMT|UTC)\s?([+-])(\d{1,2})$", re.ASCII)
_BETWEEN: Final = re.compile(r"(?<=\d)\s+(?:-|at)\s+(?=\d{1,2}:)", re.IGNORECASE)
_POSIX: Final = re.compile(r"\d{9,13}", re.ASCII)
_FIRST: Final = datetime(1970, 1, 3, tzinfo=UTC)


def moment(entry: Mapping[str, Any], name: str, times: LocalTimes) -> datetime | None:
    """
    Read a time of any form; feeds get them wrong so often that an unreadable one is merely unknown.

    So is the first of all years, or of 1970, which programs write that know none.
    """
    found = _moment(entry, name, times)
    return found if found and found >= _FIRST else None


def _moment(entry: Mapping[str, Any], name: str, times: LocalTimes) -> datetime | None:
    text = entry.get(name)
    if not isinstance(text, str) or not text.strip():
        return None
    text = _BETWEEN.sub(" ", _DAY_BEFORE.sub("", _WEEKDAY.sub("", text.strip())))
    text = _OF_PROGRAMS.sub(r"\2 \1 \5 \3\4", text)
    text = _HOURS.sub(lambda found: f"{found.group(1)}{found.group(2):0>2}00", text)
    for read in _readers(text, times):
        try:
            return read(text)
        except Rejection:
            continue
    if _HALF_DAY.fullmatch(text) or not text.isascii():
        # Those who read the rest would leave out half of it.
        return None
    parsed = entry.get(f"{name}_parsed")
    try:
        year, month, day, hour, minute, second = parsed[:6] if parsed else (0,) * 6
        found = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        return found if _ZONED.search(text) else _local(found, times)
    except (TypeError, ValueError, Rejection):
        return None


def _readers(text: str, times: LocalTimes) -> list[Callable[[str], datetime | None]]:
    if _POSIX.fullmatch(text):
        return [from_posix]
    if half := _HALF_DAY.fullmatch(text):
        return [lambda _: times.parse(half.group(1))]
    named = _ZONE.search(text)
    if not _ZONED.search(text) or (named and named.group(1) not in _ZONES_OF_MAIL):
        bare = _BEHIND.sub("", text)
        return [lambda _: times.parse(bare), lambda text: _local(from_rfc2822(text), times)]
    return [times.parse, lambda text: from_rfc2822(_OFFSET.sub(r"\1\2", text))]


def _local(moment: datetime | None, times: LocalTimes) -> datetime | None:
    """Take a moment that was read without its zone as one of the city."""
    return times.to_utc(moment.replace(tzinfo=None)) if moment else None
