"""[p] The coming occurrences of a series of events."""

from collections.abc import Iterator, Sequence, Set
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple

import recurring_ical_events
from icalendar import Calendar, vRecur
from icalendar import Event as Component

from shared.errors import Rejection
from tasks.feeds.connectors.icalendar.lines import Event
from tasks.feeds.connectors.icalendar.moments import Moment, as_date, written
from tasks.feeds.connectors.icalendar.rules import MOST_A_DAY, Rule, rules_of
from tasks.feeds.connectors.icalendar.steps import Steps, moved_on
from tasks.feeds.connectors.icalendar.zones import Zones

_DAYS_AHEAD: Final = 60
_MOST: Final = 60
_AROUND: Final = timedelta(days=2)
_EVER: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
#: What is raised over rules that are none: over the ninth Monday of a month, for one, an IndexError.
_UNREADABLE: Final = (ValueError, TypeError, LookupError, AttributeError, OverflowError)


def is_series(event: Event) -> bool:
    """Tell whether an event repeats."""
    return any(one.value.strip() for name in ("RRULE", "RDATE") for one in event.properties.get(name, ()))


class Part(NamedTuple):
    """
    The occurrences of a series that are one event's: those from `since`, before `until`, without the `replaced`.

    All in UTC, as the series itself has them.
    """

    replaced: Set[datetime] = frozenset()
    since: datetime = _EVER
    until: datetime = _NEVER

    def has(self, moment: datetime) -> bool:
        """Tell whether an occurrence is one of them."""
        return self.since <= moment < self.until and moment not in self.replaced


class _Dates(NamedTuple):
    """The dates that an event lists; of those that cannot be read the first one's problem."""

    added: Sequence[Moment]
    off: Sequence[Moment]
    problem: str


class Coming(NamedTuple):
    """The beginnings of occurrences, in UTC; `problem` tells of a listed date that cannot be read."""

    begins: list[datetime]
    problem: str = ""


def coming(event: Event, start: Moment, part: Part, now: datetime, zones: Zones, steps: Steps) -> Coming:
    """
    Return the occurrences of a part from now to two months ahead.

    Raises: Rejection if a rule cannot be read, repeats more often than hourly, or leads nowhere in many `steps`.
    """
    since = now.astimezone(UTC) - timedelta(days=1)
    dates = _dates(event, zones)
    begins: set[datetime] = set()
    for rule in rules_of(event, "RRULE", start) or [Rule("")]:
        begins.update(_begins(rule, dates, start, since, steps))
    for rule in rules_of(event, "EXRULE", start):
        begins.difference_update(_taken(rule, start, since, steps))
    # Whole days on which a series of hours is off are those of its own zone.
    off = set() if start.is_day else {as_date(moment.local) for moment in dates.off if moment.is_day}
    kept = sorted(
        moment
        for moment in begins
        if part.has(moment) and not (off and as_date(moment.astimezone(start.local.tzinfo)) in off)
    )
    return Coming(kept[:_MOST], dates.problem)


def _begins(rule: Rule, dates: _Dates, start: Moment, since: datetime, steps: Steps) -> list[datetime]:
    """Return the beginnings of what one rule of an event gives, and of the dates that the event lists."""
    before, begins_at = _naive(since) - timedelta(days=1), _naive(start.local)
    if rule.told:
        begins_at = moved_on(rule.told, begins_at, before)
    component = _component(dates, start.moved(begins_at), rule.told, since)
    calendar = Calendar()
    calendar.add_component(component)
    try:
        for told in _told(component):
            steps.follow(told, begins_at, before)
        # Of each only its beginning is asked for: to copy the whole event takes three quarters of the time.
        (one,) = recurring_ical_events.of(calendar).series
        found = list(one.between(since, since + timedelta(days=_DAYS_AHEAD)))
        steps.found(len(found))
        begins = sorted(_utc(occurrence.start, start) for occurrence in found[: _MOST * MOST_A_DAY])
    except _UNREADABLE as error:
        raise Rejection("bad_rule", f"{rule.told!r:.100}: {error!s:.100}") from None
    return [moment for moment in begins if not (rule.ends and moment > rule.ends)]


def _taken(rule: Rule, start: Moment, since: datetime, steps: Steps) -> list[datetime]:
    """Return the occurrences that a rule takes away; the beginning itself is only one if the rule says so."""
    first, last = _naive(since) - _AROUND, _naive(since) + timedelta(days=_DAYS_AHEAD) + _AROUND
    begins_at = moved_on(rule.told, _naive(start.local), first)
    try:
        found = steps.between(rule.told, begins_at, first, last)
    except _UNREADABLE as error:
        raise Rejection("bad_rule", f"{rule.told!r:.100}: {error!s:.100}") from None
    taken = [start.moved(moment).utc for moment in found]
    return [moment for moment in taken if not (rule.ends and moment > rule.ends)]


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _dates(event: Event, zones: Zones) -> _Dates:
    problems: list[str] = []
    added, off = (list(_listed(event, name, zones, problems)) for name in ("RDATE", "EXDATE"))
    return _Dates(added, off, problems[0] if problems else "")


def _listed(event: Event, name: str, zones: Zones, problems: list[str]) -> Iterator[Moment]:
    """Yield the moments that an event lists under a name; one that is none costs no other, and not the event."""
    for found in event.properties.get(name, []):
        zone = zones.named(found.parameters.get("TZID"))
        for text in filter(str.strip, found.value.split(",")):
            try:
                # A PERIOD begins before its slash.
                moment = written(text.split("/")[0], zone)
            except Rejection as why:
                problems.append(f"{name}: {why.detail}")
                continue
            yield moment


def _utc(value: object, start: Moment) -> datetime:
    if isinstance(value, datetime):
        return Moment(value if value.tzinfo else value.replace(tzinfo=start.local.tzinfo), False).utc
    text = f"{value:%Y%m%d}" if hasattr(value, "year") else ""
    zone = start.local.tzinfo
    return written(text, zone if isinstance(zone, tzinfo) else UTC).utc


def _told(component: Component) -> list[str]:
    """Return the rule of an event, if it has one, as it will be followed."""
    rule: Any = component.get("RRULE")  # Any: a property may be of any class.
    return [] if rule is None else [rule.to_ical().decode()]


def _component(dates: _Dates, start: Moment, rule: str, since: datetime) -> Component:
    """Build a clean event of what the series needs from a time on, so that nothing else in it can fail."""
    first, last = since - _AROUND, since + timedelta(days=_DAYS_AHEAD) + _AROUND
    component = Component()
    component.add("uid", "series")
    component.add("dtstart", as_date(start.local) if start.is_day else start.local)
    try:
        if rule:
            component.add("rrule", vRecur.from_ical(rule))
    except _UNREADABLE as error:
        raise Rejection("bad_rule", f"{rule!r:.100}: {error!s:.100}") from None
    # Calendars of decades list thousands of them.
    near: dict[str, set[date | datetime]] = {}
    for name, listed in (("EXDATE", dates.off), ("RDATE", dates.added)):
        for moment in listed:
            is_day_off = name == "EXDATE" and moment.is_day and not start.is_day
            if first <= moment.utc <= last and not is_day_off:
                near.setdefault(name, set()).add(as_date(moment.local) if moment.is_day else moment.local)
    for name, moments in near.items():
        for one in sorted(moments, key=str):
            component.add(name, one)
    return component
