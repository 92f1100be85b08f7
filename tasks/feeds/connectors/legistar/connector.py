"""
[p] Public meetings: Legistar's web API, tables taken from its pages, and event lists of calendars on web pages.

Options: `feature_kind` (`event`), `timezone` of the naive times (the city's).
Source: https://webapi.legistar.com/Help, https://fullcalendar.io/docs/event-object
"""

import hashlib
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import nh3

from shared.errors import Rejection
from tasks.feeds.connector import Feature, Malformed, Payload, Plan, Record, Rejected, Request, Source
from tasks.feeds.credentials import with_credential
from tasks.feeds.reading.documents import all_text, children, excerpt, load_json, load_xml, local_name
from tasks.feeds.reading.times import LocalTimes, from_posix

#: Part -> the names that the dialects give it, best first.
_PARTS: Final[Mapping[str, Sequence[str]]] = {
    "title": ("EventBodyName", "Name", "title"),
    "description": ("EventComment", "description"),
    "date": ("EventDate", "Meeting Date"),
    "time": ("EventTime", "Meeting Time"),
    "start": ("start",),
    "end": ("end",),
    "changed": ("EventLastModifiedUtc",),
    "agenda_status": ("EventAgendaStatusName",),
    "minutes_status": ("EventMinutesStatusName",),
    "place": ("EventLocation", "Meeting Location", "venue_slug"),
    "url": ("EventInSiteURL", "url", "Meeting Details"),
    "agenda": ("EventAgendaFile", "Agenda"),
    "minutes": ("EventMinutesFile", "Minutes"),
}
_MEETING: Final = "GranicusEvent"
_XML: Final = (f"ArrayOf{_MEETING}", _MEETING)
_ID_IN_URL: Final = re.compile(r"[?&]ID=(\d+)")
_MAY_CALL_OFF: Final = ("time", "title", "agenda_status", "minutes_status")
_CALLED_OFF: Final = re.compile(r"cancel|called off|postpone", re.IGNORECASE)
#: `6:30 p.m.`, `6 PM (after the hearing)`, `18:30`; a bare number is none.
_CLOCK: Final = re.compile(
    r"\b(\d{1,2})(?::(\d{2})(?::\d{2})?(?:\s*([ap])\.?m)?|\s*([ap])\.?m)", re.IGNORECASE | re.ASCII
)
_MARK: Final = re.compile(r"-*em-*|-{2,}")
#: A number of so many digits is a moment of POSIX, in seconds or milliseconds.
_POSIX_DIGITS: Final = 9
_LONGEST: Final = 4000


def plan(source: Source) -> Plan:
    """Fetch the list; there is no cursor."""
    yield with_credential(Request("meetings", source.url), source)
    return {}


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one feature per meeting, in the publisher's order.

    Raises: Malformed if a payload is no list.
    """
    times = LocalTimes(str(source.options.get("timezone") or source.timezone))
    kind = str(source.options.get("feature_kind") or "event")
    for payload in payloads:
        for number, row in enumerate(_rows(payload)):
            record = f"{payload.name}#{number}"
            try:
                yield _feature(row, record, kind, times)
            except Rejection as why:
                yield Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=excerpt(row))


def _rows(payload: Payload) -> list[Any]:
    if payload.read().lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _xml_rows(payload)
    document = load_json(payload)
    rows = _listed(document)
    if rows is None:
        raise Malformed(f"{payload.name}: no list of meetings: {excerpt(document):.200}")
    return rows


def _xml_rows(payload: Payload) -> list[Any]:
    """Return the meetings of the API's XML, which some clients of it answer with whatever they are asked for."""
    root = load_xml(payload)
    if local_name(root) not in _XML:
        said = " ".join(all_text(root).split())
        raise Malformed(f"{payload.name}: no list of meetings but <{local_name(root)}>: {said:.200}")
    found = [root] if local_name(root) == _MEETING else children(root, _MEETING)
    return [{local_name(part): all_text(part) for part in meeting} for meeting in found]


def _listed(document: Any) -> list[Any] | None:  # Any: JSON of a publisher.
    """Return the meetings of a document: a list, one in OData's `value` or a calendar's `events`, or one meeting."""
    if isinstance(document, dict):
        wrapped = next((document[name] for name in ("value", "events") if name in document), None)
        document = [document] if "EventId" in document else wrapped
    return document if isinstance(document, list) else None


def _feature(row: Any, record: str, kind: str, times: LocalTimes) -> Feature:  # Any: JSON of a publisher.
    if not isinstance(row, dict):
        raise Rejection("not_an_object", "the meeting is no object")
    title = _text(row, "title")
    starts = _starts(row, times)
    if title is None:
        raise Rejection("no_identity", "the meeting has no name")
    if starts is None:
        raise Rejection("bad_time", "the meeting has no date")
    called_off = any(_CALLED_OFF.search(_text(row, part) or "") for part in _MAY_CALL_OFF)
    place = _text(row, "place")
    return Feature(
        external_id=_identity(row, title, starts),
        record=record,
        published_at=_changed(row),
        kind=kind,
        title=title,
        description=_text(row, "description"),
        status="cancelled" if called_off else None,
        address=" ".join(_MARK.sub(" ", place).split()) if place else None,
        url=_link(row, "url"),
        starts_at=starts,
        ends_at=_moment(row, "end", times),
        properties=_properties(row),
        withdrawn=called_off,
    )


def _text(row: Mapping[str, Any], part: str) -> str | None:
    """Return a part's text without markup; a link gives its label, and `Not available` is nothing."""
    for name in _PARTS[part]:
        value = row.get(name)
        value = value.get("label") if isinstance(value, dict) else value
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            text = html.unescape(nh3.clean(str(value), tags=set())).replace("\xa0", " ").strip()
            if text and text.lower() != "not available":
                return text[:_LONGEST]
    return None


def _link(row: Mapping[str, Any], part: str) -> str | None:
    for name in _PARTS[part]:
        value = row.get(name)
        value = value.get("url") if isinstance(value, dict) else value
        if isinstance(value, str) and value.strip().lower().startswith(("https://", "http://")):
            return value.strip()
    return None


def _starts(row: Mapping[str, Any], times: LocalTimes) -> datetime | None:
    if moment := _moment(row, "start", times):
        return moment
    date, clock = _text(row, "date"), _text(row, "time")
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


def _moment(row: Mapping[str, Any], part: str, times: LocalTimes) -> datetime | None:
    text = _text(row, part)
    if text and text.isascii() and text.isdigit() and len(text) >= _POSIX_DIGITS:
        return from_posix(text)
    return times.parse(text) if text else None


def _changed(row: Mapping[str, Any]) -> datetime | None:
    text = _text(row, "changed")
    return LocalTimes("UTC").parse(text) if text else None


def _identity(row: Mapping[str, Any], title: str, starts: datetime) -> str:
    """Return Legistar's number of the meeting, from the API or from the link to its calendar entry."""
    told = row.get("EventId")
    if isinstance(told, int | str) and not isinstance(told, bool) and str(told).strip():
        return str(told).strip()
    entry = row.get("iCalendar")
    in_url = _ID_IN_URL.search(str(entry.get("url"))) if isinstance(entry, dict) else None
    if in_url:
        return in_url.group(1)
    parts = (_link(row, "url"), title, starts.isoformat())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _properties(row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {part: link for part in ("agenda", "minutes") if (link := _link(row, part))}
    if row.get("allDay") is True:
        found["all_day"] = True
    return found
