"""[p] The times of a meeting: day and hour in one, apart, in words, in a zone of its own, or counted."""

import re
from collections.abc import Mapping
from datetime import datetime, time
from functools import lru_cache
from typing import Any, Final

from shared.errors import Permanent, Rejection
from tasks.feeds.connectors.legistar import parts
from tasks.feeds.reading.times import LocalTimes, from_posix

#: `6:30 p.m.`, `6 PM (after the hearing)`, `18:30`, `18.30 Uhr`, `18h30`, `19 h`; a bare number is none.
_CLOCK: Final = re.compile(
    r"(?<![\d.:])(\d{1,2})(?:(?:[:.]|\s?h\s?)(\d{2})(?!\.?\d)(?::\d{2})?(?:\s*([ap])\.?\s?m)?"
    r"|\s*(?:([ap])\.?\s?m|(?:h|uhr|uur)\b))",
    re.IGNORECASE | re.ASCII,
)
_CLOCK_ALONE: Final = re.compile(
    r"\d{1,2}(?::\d{2}){0,2}\s*[ap]\.?\s?m\.?|\d{1,2}:\d{2}(?::\d{2})?", re.IGNORECASE | re.ASCII
)
_NOON: Final = re.compile(r"\b(?:12 )?noon\b", re.IGNORECASE)
#: A day and an hour in the place of one of them.
_WHOLE: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*", re.ASCII)
#: A number of so many digits is a moment of POSIX, in seconds or milliseconds.
_POSIX_DIGITS: Final = 9
#: How OData wrote moments up to its version 2: milliseconds since 1970, and an offset that changes none.
_COUNTED: Final = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
_UTC: Final = LocalTimes("UTC")


def own(zone: str | None, times: LocalTimes) -> LocalTimes:
    """Return what reads the times of a meeting that names its zone; a name that nobody knows is none."""
    return (_times(zone.strip(), times.day_first) if zone else None) or times


@lru_cache(maxsize=64)
def _times(zone: str, day_first: bool) -> LocalTimes | None:
    try:
        return LocalTimes(zone, day_first=day_first)
    except Permanent:
        return None


def starts(row: Mapping[str, Any], times: LocalTimes) -> datetime | None:
    """
    Return when a meeting begins; if only its day is known, or its hour cannot be read, the beginning of the day.

    Raises: Rejection if its day cannot be read.
    """
    if told := parts.text(row, "start_utc"):
        return _UTC.parse(told)
    if moment := _moment(parts.text(row, "start"), times) or _by_the_wall(row, "start_counted", times):
        return moment
    date, clock = parts.text(row, "date"), parts.text(row, "time")
    if (number := next((text for text in (clock, date) if text and _is_number(text)), None)) is not None:
        return from_posix(number)
    whole = next((text for text in (clock, date) if text and _WHOLE.fullmatch(text)), None)
    if whole and (whole == clock or clock is None):
        return times.parse(whole)
    if date is None:
        return None
    counted = _counted(date)
    day = f"{counted:%Y-%m-%d}" if counted else date.split("T")[0]
    at = _at(day, clock, times)
    if at is None and counted and counted.time() != time():
        return counted
    # No hour yet, the words "Canceled", or an hour that nobody can read: the day is known.
    return at or times.parse(day)


def _counted(text: str) -> datetime | None:
    """Return a moment as OData wrote it; a day is its midnight in UTC."""
    found = _COUNTED.fullmatch(text)
    return from_posix(found.group(1)) if found else None


def _at(day: str, clock: str | None, times: LocalTimes) -> datetime | None:
    """Return the hour of a day; none if it is not told, or cannot be read."""
    found = _CLOCK.search(_NOON.sub("12:00", clock)) if clock else None
    if found is None:
        return None
    hour, minute, half, other_half = (part or "" for part in found.groups())
    try:
        return times.parse(f"{day} {hour:0>2}:{minute or '00'} {half or other_half}".strip())
    except Rejection:
        return None


def ends(row: Mapping[str, Any], times: LocalTimes, begins: datetime) -> datetime | None:
    """Return the end; an hour alone is of the day on which the meeting begins; a day alone, or words, are none."""
    if parts.is_day_alone(row, "end") or parts.is_true(row, "endless"):
        return None
    try:
        if told := parts.text(row, "end_utc"):
            return _UTC.parse(told)
        text = parts.text(row, "end")
        if text and _CLOCK_ALONE.fullmatch(text):
            local = begins.astimezone(times.zone)
            # Of a meeting whose own hour nobody knows, nobody knows how long it lasts.
            return _at(f"{local:%Y-%m-%d}", text, times) if local.time() != time() else None
        return _moment(text, times) or _by_the_wall(row, "end_counted", times)
    except Rejection:
        return None


def _moment(text: str | None, times: LocalTimes) -> datetime | None:
    if text and _is_number(text):
        return from_posix(text)
    return (_counted(text) or times.parse(text)) if text else None


def _by_the_wall(row: Mapping[str, Any], part: str, times: LocalTimes) -> datetime | None:
    """
    Return the moment of EventON, which counts the seconds of the city's clock as if that were Greenwich's.

    Source: its own calendar entries: what it counts as ten o'clock in Chicago it exports as 15:00Z.
    """
    text = parts.text(row, part)
    return times.parse(f"{from_posix(text):%Y-%m-%d %H:%M:%S}") if text else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) >= _POSIX_DIGITS


def changed(row: Mapping[str, Any]) -> datetime | None:
    """Return when a meeting was changed last; raises Rejection if that cannot be read."""
    text = parts.text(row, "changed")
    return _UTC.parse(text) if text else None
