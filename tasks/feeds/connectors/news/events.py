"""
[p] When and where that is of which an entry tells: calendars of cities and libraries come as news, too.

Source: the event module of RSS (http://purl.org/rss/1.0/modules/event/), xCal and GData (Trumba), and what CivicPlus,
BiblioCommons, LibCal and Modern Events Calendar put into theirs; National Highways, which tells of roads in England.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Any, Final, NamedTuple

from shared.errors import Rejection
from tasks.feeds.connectors.news.times import moment
from tasks.feeds.reading.markup import cleaned
from tasks.feeds.reading.times import LocalTimes


class _Names(NamedTuple):
    """The names of one dialect, as they are read, of attributes behind a point; day and hour may stand apart."""

    begins: str
    ends: str
    begins_at: str = ""
    ends_at: str = ""
    place: tuple[str, ...] = ()
    kind: str = "event"


_DIALECTS: Final = (
    _Names("ev_startdate", "ev_enddate", place=("ev_location",)),
    _Names("xcal_dtstart", "xcal_dtend", place=("xcal_location",)),
    _Names("gd_when.starttime", "gd_when.endtime", place=("gd_where.valuestring",)),
    _Names("bc_start_date", "bc_end_date", place=("bc_name", "bc_number bc_street", "bc_city")),
    _Names("overallstart", "overallend", kind="road_work"),
    _Names("libcal_date", "libcal_date", "libcal_start", "libcal_end", ("libcal_campus", "libcal_location")),
    _Names("mec_startdate", "mec_enddate", "mec_starthour", "mec_endhour", ("mec_location",)),
    _Names(
        "calendarevent_eventdates", "calendarevent_eventdates", "calendarevent_eventtimes",
        "calendarevent_eventtimes", ("calendarevent_location",),
    ),
)  # fmt: skip
#: `October 3, 2026 - October 4, 2026`, `04:00 PM - 05:00 PM`.
_RANGE: Final = re.compile(r"\s+[-\u2013]\s+")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d|[A-Za-z]{3,9} \d{1,2}, \d{4}", re.ASCII)
_CALLED_OFF: Final = re.compile(r"\W*(?:cancel+ed|postponed)\b", re.IGNORECASE)
#: How Trumba says, by a name of Exchange, that hours are those of whole days.
_WHOLE_DAY: Final = "x-microsoft_cdo-alldayevent"
#: How the end of a day is written where an hour is asked for.
_LAST_MINUTE: Final = (23, 59)


class Happening(NamedTuple):
    """When and where something happens, as far as it can be read; a whole day ends with the next one's beginning."""

    kind: str
    begins: datetime | None = None
    ends: datetime | None = None
    is_day: bool = False
    place: str | None = None
    is_off: bool = False


def happening(entry: Mapping[str, Any], times: LocalTimes) -> Happening | None:
    """Return what an entry tells of an event; nothing if it tells of none."""
    names = next((names for names in _DIALECTS if _text(entry, names.begins)), None)
    if names is None:
        return None
    begins, is_day = _read(entry, names.begins, names.begins_at, 0, times)
    ends, ends_a_day = _read(entry, names.ends, names.ends_at, -1, times)
    if begins and ends and _is_midnight(begins, times):
        ends_a_day = ends_a_day or _is_last_minute(ends, times)
        is_day = is_day or ends_a_day or _text(entry, _WHOLE_DAY) == "true"
    if begins and is_day and ends is None:
        ends, ends_a_day = begins, True
    if begins and ends and ends_a_day:
        ends = _next_day(ends, times) if is_day or ends > begins else None
    return Happening(
        names.kind,
        begins,
        ends if begins and ends and ends > begins else None,
        is_day,
        ", ".join(filter(None, (_said(entry, part) for part in names.place))) or None,
        _text(entry, "bc_is_cancelled") == "true" or bool(_CALLED_OFF.match(_text(entry, "title"))),
    )


def described(entry: Mapping[str, Any]) -> list[str]:
    """Return what an entry says of an event beside its summary."""
    return [_text(entry, name) for name in ("libcal_description", "xcal_description")]


def _read(
    entry: Mapping[str, Any], day: str, clock: str, place: int, times: LocalTimes
) -> tuple[datetime | None, bool]:
    """Return the first or the last moment that a day and an hour tell, and whether it is a whole day."""
    told, at = (_RANGE.split(_text(entry, name))[place] for name in (day, clock))
    if at:
        with suppress(Rejection):
            return times.parse(f"{told} {at}"), False
    return moment({day: told}, day, times), bool(_DAY.fullmatch(told))


def _text(entry: Mapping[str, Any], name: str) -> str:
    outer, _, inner = name.partition(".")
    told = entry.get(outer)
    if inner and isinstance(told, Mapping):
        told = told.get(inner)
    return told.strip() if isinstance(told, str) else ""


def _said(entry: Mapping[str, Any], names: str) -> str:
    """Return as one what stands under several names, as plain text in one line."""
    return " ".join(cleaned(" ".join(_text(entry, name) for name in names.split())).split())


def _is_midnight(moment: datetime, times: LocalTimes) -> bool:
    return moment.astimezone(times.zone).time() == time()


def _is_last_minute(moment: datetime, times: LocalTimes) -> bool:
    local = moment.astimezone(times.zone)
    return (local.hour, local.minute) == _LAST_MINUTE


def _next_day(moment: datetime, times: LocalTimes) -> datetime:
    """Return the midnight that ends the day of a moment."""
    day = moment.astimezone(times.zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return times.to_utc(day + timedelta(days=1))
