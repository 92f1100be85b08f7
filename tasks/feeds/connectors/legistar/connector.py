"""
[p] Public meetings: Legistar's web API, tables taken from its pages, and event lists of calendars on web pages.

Options: `feature_kind` (`event`), `timezone` of the naive times (the city's).
Source: https://webapi.legistar.com/Help, https://fullcalendar.io/docs/event-object
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from shared.errors import Permanent, Rejection
from tasks.feeds.connector import Feature, Payload, Plan, Record, Rejected, Request, Source
from tasks.feeds.connectors.legistar import parts
from tasks.feeds.connectors.legistar.lists import meetings
from tasks.feeds.credentials import with_credential
from tasks.feeds.reading.day_order import local_times
from tasks.feeds.reading.documents import excerpt
from tasks.feeds.reading.times import LocalTimes, from_posix

_ID_IN_URL: Final = re.compile(r"[?&]ID=(\d+)")
_MAY_CALL_OFF: Final = ("time", "title", "status", "agenda_status", "minutes_status")
_CALLED_OFF: Final = re.compile(r"cancel|called off|postpone", re.IGNORECASE)
#: A comment, or what stands in the place of a place, speaks of the meeting itself only at its beginning.
_MAY_BEGIN_SO: Final = ("description", "place")
_CALLED_OFF_FIRST: Final = re.compile(
    r"\W*+(?:(?:this|the|regular|special|council|committee|board|meeting|has|been|is|was)\W++){0,8}+"
    r"(?:cancel+ed\b|notice of cancel+ation\b|called off\b|postponed\b)",
    re.IGNORECASE,
)
#: `6:30 p.m.`, `6 PM (after the hearing)`, `18:30`; a bare number is none.
_CLOCK: Final = re.compile(
    r"\b(\d{1,2})(?::(\d{2})(?::\d{2})?(?:\s*([ap])\.?m)?|\s*([ap])\.?m)", re.IGNORECASE | re.ASCII
)
#: A day and an hour in the place of one of them.
_WHOLE: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*", re.ASCII)
_MARK: Final = re.compile(r"-*em-*|-{2,}")
_LONGEST_TITLE: Final = 120
#: A number of so many digits is a moment of POSIX, in seconds or milliseconds.
_POSIX_DIGITS: Final = 9


def plan(source: Source) -> Plan:
    """Fetch the list; there is no cursor."""
    yield with_credential(Request("meetings", source.url), source)
    return {}


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one feature per meeting, in the publisher's order.

    Raises: Malformed if a payload is no list.
    """
    zone = str(source.options.get("timezone") or source.timezone)
    kind = str(source.options.get("feature_kind") or "event")
    for payload in payloads:
        rows = meetings(payload)
        times = local_times(zone, source.options, rows)
        for number, row in enumerate(rows):
            record = f"{payload.name}#{number}"
            try:
                yield _feature(row, record, kind, times)
            except Rejection as why:
                yield Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=excerpt(row))


def _feature(said: Any, record: str, kind: str, times: LocalTimes) -> Feature:  # Any: JSON of a publisher.
    if not isinstance(said, dict):
        raise Rejection("not_an_object", "the meeting is no object")
    row = parts.named(said)
    times = _own(parts.zone(row), times)
    title = parts.text(row, "title") or _first_line(parts.text(row, "description"))
    starts = _starts(row, times)
    if title is None:
        raise Rejection("no_identity", "the meeting has no name")
    if starts is None:
        raise Rejection("bad_time", "the meeting has no date")
    words = (parts.text(row, part) or "" for part in _MAY_CALL_OFF)
    called_off = parts.is_true(row, "called_off") or any(map(_CALLED_OFF.search, words))
    begins = (parts.text(row, part) or "" for part in _MAY_BEGIN_SO)
    called_off = called_off or any(map(_CALLED_OFF_FIRST.match, begins))
    place = parts.place(row)
    return Feature(
        external_id=_identity(row, title, starts),
        record=record,
        published_at=_changed(row),
        kind=kind,
        title=title,
        description=parts.text(row, "description"),
        status="cancelled" if called_off else None,
        address=" ".join(_MARK.sub(" ", place).split()) if place else None,
        url=parts.link(row, "url"),
        starts_at=starts,
        ends_at=_ends(row, times),
        properties=_properties(row),
        withdrawn=called_off,
    )


def _own(zone: str | None, times: LocalTimes) -> LocalTimes:
    """Return what reads the times of a meeting that names its zone; a name that nobody knows is none."""
    return (_times(zone.strip(), times.day_first) if zone else None) or times


@lru_cache(maxsize=64)
def _times(zone: str, day_first: bool) -> LocalTimes | None:
    try:
        return LocalTimes(zone, day_first=day_first)
    except Permanent:
        return None


def _first_line(text: str | None) -> str | None:
    return text.splitlines()[0].strip()[:_LONGEST_TITLE] or None if text else None


def _starts(row: Mapping[str, Any], times: LocalTimes) -> datetime | None:
    if moment := _moment(parts.text(row, "start"), times):
        return moment
    date, clock = parts.text(row, "date"), parts.text(row, "time")
    if (number := next((text for text in (clock, date) if text and _is_number(text)), None)) is not None:
        return from_posix(number)
    whole = next((text for text in (clock, date) if text and _WHOLE.fullmatch(text)), None)
    if whole and (whole == clock or clock is None):
        return times.parse(whole)
    if date is None:
        return None
    day = date.split("T")[0]
    if clock and (found := _CLOCK.search(clock)):
        hour, minute, half, other_half = (part or "" for part in found.groups())
        return times.parse(f"{day} {hour:0>2}:{minute or '00'} {half or other_half}".strip())
    if clock and any(character.isdigit() for character in clock):
        return times.parse(f"{day} {clock}")
    # No hour yet, or the words "Canceled": the day is known.
    return times.parse(day)


def _ends(row: Mapping[str, Any], times: LocalTimes) -> datetime | None:
    """Return the end; an hour alone, a day alone, or words, are none."""
    if parts.is_day_alone(row, "end"):
        return None
    try:
        return _moment(parts.text(row, "end"), times)
    except Rejection:
        return None


def _moment(text: str | None, times: LocalTimes) -> datetime | None:
    if text and _is_number(text):
        return from_posix(text)
    return times.parse(text) if text else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) >= _POSIX_DIGITS


def _changed(row: Mapping[str, Any]) -> datetime | None:
    text = parts.text(row, "changed")
    return LocalTimes("UTC").parse(text) if text else None


def _identity(row: Mapping[str, Any], title: str, starts: datetime) -> str:
    """Return Legistar's number of the meeting, from the API or from the link to its calendar entry."""
    for told in parts.values(row, "id"):
        if isinstance(told, int | str) and not isinstance(told, bool) and str(told).strip():
            return str(told).strip()
    entry = row.get("icalendar")
    in_url = _ID_IN_URL.search(str(entry.get("url"))) if isinstance(entry, dict) else None
    if in_url:
        return in_url.group(1)
    link = parts.link(row, "url")
    said: tuple[str | None, ...] = (link, title, starts.isoformat())
    # A number of its own is that of a series in some calendars, so that it names a meeting only beside its hour.
    if isinstance(row.get("id"), int | str):
        said = (*said, str(row["id"]))
    elif link is None and (place := parts.place(row)):
        # Libraries read stories at ten in every branch.
        said = (*said, place)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def _properties(row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: link for name in ("agenda", "minutes") if (link := parts.link(row, name))}
    if parts.is_true(row, "all_day"):
        found["all_day"] = True
    return found
