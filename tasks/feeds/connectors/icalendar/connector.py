"""
[p] iCalendar: public events, their series, changes and cancellations.

Options: `feature_kind` (`event`), `timezone` of floating times where the calendar names none.
Source: RFC 5545, RFC 7986
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence, Set
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from shared.errors import Rejection
from shared.feeds.kinds.icalendar import IcalendarOptions
from tasks.feeds.connector import Feature, Malformed, Payload, Plan, Record, Rejected, Request, Source
from tasks.feeds.connectors.icalendar import lines, moments, series
from tasks.feeds.connectors.icalendar.identity import Known, identified
from tasks.feeds.connectors.icalendar.lines import Event, Property
from tasks.feeds.connectors.icalendar.moments import Lasting
from tasks.feeds.connectors.icalendar.places import place
from tasks.feeds.connectors.icalendar.steps import Steps
from tasks.feeds.connectors.icalendar.zones import Zones, is_broken, known
from tasks.feeds.reading.called_off import is_marked_off
from tasks.feeds.reading.documents import html_page
from tasks.feeds.reading.links import web_link
from tasks.feeds.reading.markup import plain
from tasks.feeds.reading.places import drawn
from tasks.feeds.reading.times import zone

_LONGEST: Final = 4000
_EXCERPT: Final = 500
_MOST_LINE_ENDS: Final = 2_000_000


def plan(source: Source) -> Plan:
    """Fetch the calendar; `webcal:` is another word for https. There is no cursor."""
    scheme, _, rest = source.url.partition("://")
    yield Request("calendar", f"https://{rest}" if scheme.lower() in ("webcal", "webcals") else source.url)
    return {}


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one feature per event, in the calendar's order; a series is one event with its coming occurrences.

    Raises: Malformed if a payload is no calendar.
    """
    for payload in payloads:
        content = payload.read()
        if content.count(b"\n") + content.count(b"\r") > _MOST_LINE_ENDS:
            raise Malformed(f"{payload.name}: a calendar of more than {_MOST_LINE_ENDS:,} ends of lines")
        calendar = lines.read(content)
        if not calendar.begins:
            instead = html_page(content) or "it does not begin with BEGIN:VCALENDAR"
            raise Malformed(f"{payload.name}: no calendar: {instead}")
        if not calendar.events and (broken := next(filter(is_broken, calendar.zones), None)):
            # It may have lost more than its zone: what it held before stays.
            raise Malformed(
                f"{payload.name}: a calendar without events, whose zone {broken.name!r:.60} is none"
            )
        yield from _Reader(payload, calendar, source).records()


class _Reader:
    """Reads one calendar."""

    def __init__(self, payload: Payload, calendar: lines.Calendar, source: Source) -> None:
        self._now = payload.fetched_at
        told = IcalendarOptions.read(source.options)
        self._kind = told.feature_kind
        local = zone(told.timezone or source.timezone)
        self._zones = Zones(known(calendar.zone or "") or local, calendar.zones)
        self._known = identified(calendar.events, payload.name)
        self._replaced: dict[str, list[Property]] = {}
        self._replaces: dict[str, tuple[Set[datetime], Sequence[datetime]]] = {}
        self._newest: dict[str, Known] = {}
        for one in self._known:
            if replaced := one.event.first("RECURRENCE-ID"):
                self._replaced.setdefault(one.uid, []).append(replaced)
            if one.key not in self._newest or one.version > self._newest[one.key].version:
                self._newest[one.key] = one
        self._steps = Steps()

    def records(self) -> Iterator[Record]:
        """Yield one record per event."""
        for one in self._known:
            try:
                if self._newest[one.key] is not one:
                    raise Rejection("superseded", "the calendar holds a newer version of this event")
                yield self._feature(one)
            except Rejection as why:
                said = "; ".join(f"{name}:{found[0].value}" for name, found in one.event.properties.items())
                yield Rejected(
                    record=one.record,
                    reason=why.reason,
                    detail=why.detail,
                    external_id=one.key,
                    excerpt=said[:_EXCERPT],
                )

    def _feature(self, one: Known) -> Feature:
        event = one.event
        start, lasts = moments.span(event, self._zones)
        begins, properties = start.utc, self._properties(event, start)
        if rule := self._followed(one):
            coming, problem = self._coming(one, rule, start)
            properties["occurrences"] = [moment.isoformat().replace("+00:00", "Z") for moment in coming]
            properties |= {"dates_problem": problem} if problem else {}
            begins = next(
                (one for one in coming if _end(one, lasts or Lasting(), start) >= self._now), begins
            )
        title, status = plain(event.text("SUMMARY") or "Event"), (event.text("STATUS") or "").lower()
        is_off = event.is_cancelled or status == "cancelled" or is_marked_off(title)
        where, unplaced = drawn(lambda: place(event))
        text = plain(event.text("DESCRIPTION") or event.text("X-ALT-DESC") or "").strip()
        return Feature(
            external_id=one.key,
            record=one.record,
            published_at=self._published(event),
            kind=self._kind,
            title=title,
            description=text[:_LONGEST] if text else None,
            status="cancelled" if is_off else status or None,
            category=event.first_of("CATEGORIES"),
            address=plain(event.text("LOCATION") or "").strip() or None,
            url=web_link(event.text("URL")),
            geometry=where,
            starts_at=begins,
            ends_at=_end(begins, lasts, start) if lasts else None,
            properties=properties | unplaced,
            withdrawn=is_off,
        )

    def _followed(self, one: Known) -> Event | None:
        """Return whose rule an event follows: its own, or that of the series which it replaces from an occurrence on."""
        replaced, master = one.event.first("RECURRENCE-ID"), self._newest.get(one.uid)
        if replaced is None:
            return one.event if series.is_series(one.event) else None
        return master.event if master and _is_onwards(replaced) and series.is_series(master.event) else None

    def _coming(self, one: Known, rule: Event, start: moments.Moment) -> series.Coming:
        """Return the coming occurrences of an event by a rule; of one that replaces others, by as much later as it says."""
        first, _ = moments.span(rule, self._zones)
        replaced = one.event.first("RECURRENCE-ID")
        since = moments.read(replaced, self._zones).like(first) if replaced else None
        part = self._part(one.uid, first, since)
        coming = series.coming(rule, first, part, self._now, self._zones, self._steps)
        if since is None:
            return coming
        try:
            moved = _moved(coming.begins, since.local, start.local, first.local.tzinfo)
        except OverflowError:
            raise Rejection("bad_time", "the occurrences are moved outside the calendar") from None
        return coming._replace(begins=moved)

    def _part(self, uid: str, first: moments.Moment, since: moments.Moment | None) -> series.Part:
        """Return which occurrences of a series are its own, or of what replaces it `since` one, by what replaces others."""
        if uid not in self._replaces:
            self._replaces[uid] = self._replacing(uid, first)
        single, onwards = self._replaces[uid]
        part = series.Part(single)
        part = part._replace(since=since.utc) if since else part
        after = bisect_right(onwards, part.since)
        return part._replace(until=onwards[after]) if after < len(onwards) else part

    def _replacing(self, uid: str, first: moments.Moment) -> tuple[Set[datetime], Sequence[datetime]]:
        """Return the occurrences of a series that are replaced alone, and those with all that follow, in their order."""
        single: set[datetime] = set()
        onwards: set[datetime] = set()
        for replaced in self._replaced.get(uid, ()):
            with suppress(Rejection):
                moment = moments.read(replaced, self._zones).like(first).utc
                (onwards if _is_onwards(replaced) else single).add(moment)
        return single, sorted(onwards)

    def _published(self, event: Event) -> datetime | None:
        for name in ("LAST-MODIFIED", "DTSTAMP", "CREATED"):
            if told := event.first(name):
                try:
                    return moments.read(told, self._zones).utc
                except Rejection:
                    continue
        return None

    def _properties(self, event: Event, start: moments.Moment) -> dict[str, Any]:
        found: dict[str, Any] = {"all_day": True} if start.is_day else {}
        if rule := event.text("RRULE"):
            found["rule"] = rule
        return found


def _is_onwards(replaced: Property) -> bool:
    """Tell whether all later occurrences are replaced too."""
    return replaced.parameters.get("RANGE", "").upper() == "THISANDFUTURE"


def _moved(moments: Sequence[datetime], since: datetime, to: datetime, zone: tzinfo | None) -> list[datetime]:
    """Return moments as much later as one of them is, by a clock which may be put forward or back between them."""
    later = to.astimezone(zone) - since.astimezone(zone)
    return [(moment.astimezone(zone) + later).astimezone(UTC) for moment in moments]


def _end(begins: datetime, lasts: Lasting, start: moments.Moment) -> datetime:
    return lasts.end(begins, start.local.tzinfo)
