"""
[p] Public meetings: Legistar's web API, tables taken from its pages, and event lists of calendars on web pages.

Options: `feature_kind` (`event`), `timezone` of the naive times (the city's).
Source: https://webapi.legistar.com/Help, https://fullcalendar.io/docs/event-object
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from shared.errors import Rejection
from shared.feeds.kinds.legistar import LegistarOptions
from tasks.feeds.connector import Feature, Payload, Plan, Record, Rejected, Request, Source, not_read
from tasks.feeds.connectors.legistar import parts
from tasks.feeds.connectors.legistar.lists import meetings, next_page
from tasks.feeds.connectors.legistar.times import changed, ends, own, starts
from tasks.feeds.credentials import with_credential, without_credential
from tasks.feeds.reading import called_off
from tasks.feeds.reading.day_order import local_times
from tasks.feeds.reading.documents import excerpt
from tasks.feeds.reading.markup import first_line
from tasks.feeds.reading.times import LocalTimes

_ID_IN_URL: Final = re.compile(r"[?&]ID=(\d+)")
#: A name tells it in whole words: there are debates on cancel culture, and boards of deferred compensation.
_CALLED_OFF_IN_NAME: Final = re.compile(called_off.WORDS, re.IGNORECASE)
_MAY_CALL_OFF: Final = ("time", "status", "agenda_status", "minutes_status")
_CALLED_OFF: Final = re.compile(rf"{called_off.WORDS}|cancel|postpone", re.IGNORECASE)
_MAY_DEFER: Final = ("time", "status", "agenda_status")
_DEFERRED: Final = re.compile(r"\bdeferred\b", re.IGNORECASE)
#: A comment, or what stands in the place of a place, speaks of the meeting itself only at its beginning.
_MAY_BEGIN_SO: Final = ("description", "place")
_CALLED_OFF_FIRST: Final = re.compile(
    r"\W*+(?:(?:this|the|regular|special|council|committee|board|meeting|has|been|is|was)\W++){0,8}+"
    r"(?:cancel+ed\b|notice of cancel+ation\b|called off\b|postponed\b|deferred\b(?! comp)|rescheduled to\b)",
    re.IGNORECASE,
)
#: Behind a place, or in its midst in capitals, it speaks of the meeting too, unless another part of that is open.
_CALLED_OFF_BESIDE: Final = re.compile(
    r"(?i:\b(?:cancel+ed|called off|postponed)\W*\Z)|\b(?:CANCELL?ED|POSTPONED)\b|(?P<part>(?i:open session))"
)
_MARK: Final = re.compile(r"-*em-*|-{2,}")
_MOST_PAGES: Final = 10


def plan(source: Source) -> Plan:
    """Fetch the list, page by page; there is no cursor."""
    url = source.url
    for number in range(1, _MOST_PAGES + 1):
        name = "meetings" if number == 1 else f"meetings-{number}"
        following = next_page((yield with_credential(Request(name, url), source)), url)
        if following is None:
            break
        url = without_credential(following, source)
    return {}


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one feature per meeting, in the publisher's order.

    Raises: Malformed if a payload is no list.
    """
    told = LegistarOptions.read(source.options)
    zone = told.timezone or source.timezone
    for payload in payloads:
        rows = meetings(payload)
        times = local_times(zone, told.day_first, rows)
        for number, row in enumerate(rows):
            record = f"{payload.name}#{number}"
            try:
                yield _feature(row, record, told.feature_kind, times)
            except Rejection as why:
                yield Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=excerpt(row))
    if len(payloads) == _MOST_PAGES and next_page(payloads[-1], payloads[-1].url or source.url):
        yield not_read(f"meetings-{_MOST_PAGES + 1}", _MOST_PAGES)


def _feature(said: Any, record: str, kind: str, times: LocalTimes) -> Feature:  # Any: JSON of a publisher.
    if not isinstance(said, dict):
        raise Rejection("not_an_object", "the meeting is no object")
    row = parts.named(said)
    times = own(parts.zone(row), times)
    title = parts.text(row, "title") or first_line(parts.text(row, "description"))
    begins = starts(row, times)
    if title is None:
        raise Rejection("no_identity", "the meeting has no name")
    if begins is None:
        raise Rejection("bad_time", "the meeting has no date")
    is_off, place, over = _is_called_off(row, title), parts.address(row), ends(row, times, begins)
    return Feature(
        external_id=_identity(row, title, begins),
        record=record,
        published_at=changed(row),
        kind=kind,
        title=title,
        description=parts.text(row, "description"),
        status="cancelled" if is_off else None,
        address=" ".join(_MARK.sub(" ", place).split()) if place else None,
        url=parts.link(row, "url"),
        geometry=parts.spot(row),
        starts_at=begins,
        # Forms ask for an end, and whoever knows none writes the beginning again.
        ends_at=over if over and over > begins else None,
        properties=_properties(row),
        withdrawn=is_off,
    )


def _is_called_off(row: Mapping[str, Any], title: str) -> bool:
    """Tell whether a meeting will not take place: where it is said to be so, or in words."""

    def says(words: re.Pattern[str], named: Sequence[str]) -> bool:
        return any(words.search(parts.text(row, part) or "") for part in named)

    return (
        parts.is_true(row, "called_off")
        or _CALLED_OFF_IN_NAME.search(title) is not None
        or says(_CALLED_OFF, _MAY_CALL_OFF)
        or says(_DEFERRED, _MAY_DEFER)
        or any(_CALLED_OFF_FIRST.match(parts.text(row, part) or "") for part in _MAY_BEGIN_SO)
        or {None} == {found["part"] for found in _CALLED_OFF_BESIDE.finditer(parts.text(row, "place") or "")}
    )


def _identity(row: Mapping[str, Any], title: str, starts: datetime) -> str:
    """Return Legistar's number of the meeting, from the API or from the link to its calendar entry."""
    for told in parts.values(row, "id"):
        if isinstance(told, int | str) and not isinstance(told, bool) and str(told).strip():
            return _of_its_day(row, str(told).strip())
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


def _of_its_day(row: Mapping[str, Any], number: str) -> str:
    """Return the number of an event with that of its day: calendars of Blackboard give a series one EventID."""
    own = row.get("id")
    is_of_series = number == str(row.get("eventid")) and isinstance(own, int) and str(own) != number
    return f"{number}-{own}" if is_of_series else number


def _properties(row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: link for name in ("agenda", "minutes") if (link := parts.link(row, name))}
    if parts.is_true(row, "all_day"):
        found["all_day"] = True
    return found
