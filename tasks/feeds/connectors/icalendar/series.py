"""[p] The coming occurrences of a series of events."""

import re
from collections.abc import Iterator, Set
from datetime import UTC, date, datetime, timedelta, tzinfo
from math import prod
from typing import Any, Final, NamedTuple

import recurring_ical_events
from icalendar import Calendar, vRecur
from icalendar import Event as Component

from shared.errors import Rejection
from tasks.feeds.connectors.icalendar.lines import Event
from tasks.feeds.connectors.icalendar.moments import Moment, as_date, written
from tasks.feeds.connectors.icalendar.steps import Steps, moved_on
from tasks.feeds.connectors.icalendar.zones import Zones

_DAYS_AHEAD: Final = 60
_MOST: Final = 60
_AROUND: Final = timedelta(days=2)
_EVER: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_FREQUENCIES: Final = re.compile(r"(?:^|;)FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)(?:;|$)", re.IGNORECASE)
_COUNTED: Final = re.compile(r"(?:^|;)COUNT=", re.IGNORECASE)
_UNTIL: Final = re.compile(r"(?:^|(?<=;))UNTIL=([^;]*)(?:;|$)", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s+")
_OF_OURS: Final = re.compile(r"(?:^|(?<=;))RSCALE=GREGORIAN(?:;|$)", re.IGNORECASE)
#: Parts of a rule that turn a day into several occurrences, or thousands.
_DENSE: Final = re.compile(r"(?:^|;)BY(?:HOUR|MINUTE|SECOND)=([^;]*)", re.IGNORECASE)
_MOST_A_DAY: Final = 24
#: A rule that goes no step forward would be counted through for ever.
_STANDS: Final = re.compile(r"(?:^|;)INTERVAL=(?!0*[1-9]\d{0,5}(?:;|$))", re.IGNORECASE | re.ASCII)


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


def coming(
    event: Event, start: Moment, part: Part, now: datetime, zones: Zones, steps: Steps
) -> list[datetime]:
    """
    Return the beginnings, in UTC, of the occurrences of a part from now to two months ahead.

    Raises: Rejection if the rule cannot be read, repeats more often than hourly, or leads nowhere in many `steps`.
    """
    rule, ends = _rule(event, start)
    since = now.astimezone(UTC) - timedelta(days=1)
    before = since.replace(tzinfo=None) - timedelta(days=1)
    begins_at = start.local.replace(tzinfo=None)
    if rule:
        begins_at = moved_on(rule, begins_at, before)
    component = _component(event, start.moved(begins_at), rule, zones, since)
    calendar = Calendar()
    calendar.add_component(component)
    try:
        for told in _told(component):
            steps.follow(told, begins_at, before)
        # Of each only its beginning is asked for: to copy the whole event takes three quarters of the time.
        (one,) = recurring_ical_events.of(calendar).series
        found = list(one.between(since, since + timedelta(days=_DAYS_AHEAD)))
        begins = sorted(_utc(occurrence.start, start) for occurrence in found[: _MOST * _MOST_A_DAY])
        steps.found(len(found))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise Rejection("bad_rule", f"{rule!r:.100}: {error!s:.100}") from None
    off = set() if start.is_day else _days_off(event, zones)
    return [
        moment
        for moment in begins
        if part.has(moment)
        and not (ends and moment > ends)
        and not (off and as_date(moment.astimezone(start.local.tzinfo)) in off)
    ][:_MOST]


def _rule(event: Event, start: Moment) -> tuple[str, datetime | None]:
    """
    Return the rule of an event, empty if it has none, and when it ends where the rule itself must not tell it.

    Raises: Rejection if it repeats more often than hourly, or leads nowhere.
    """
    rules = [rule for one in event.properties.get("RRULE", ()) if (rule := _tidy(one.value))]
    for rule in rules:
        if _STANDS.search(rule):
            raise Rejection("bad_rule", f"{rule!r:.100} has no interval that leads forward")
        if not _FREQUENCIES.search(rule) or _a_day(rule) > _MOST_A_DAY:
            raise Rejection("bad_rule", f"{rule!r:.100} does not repeat by days, weeks, months or years")
    rule = rules[0] if rules else ""
    until = _UNTIL.search(rule)
    if until is None:
        return rule, None
    endless = _UNTIL.sub("", rule).strip(";")
    ends = _until(until.group(1), start)
    # A rule must not count its occurrences too, and some do: what comes first ends it.
    if ends is None or _COUNTED.search(endless):
        return endless, ends
    return f"{endless};UNTIL={ends:{'%Y%m%d' if start.is_day else '%Y%m%dT%H%M%SZ'}}", None


def _a_day(rule: str) -> int:
    """Return how many occurrences a rule makes of a day."""
    return prod(found.group(1).count(",") + 1 for found in _DENSE.finditer(rule))


def _days_off(event: Event, zones: Zones) -> set[date]:
    """Return the whole days on which a series of hours is off; they are those of its own zone."""
    return {as_date(moment.local) for moment in _listed(event, "EXDATE", zones) if moment.is_day}


def _listed(event: Event, name: str, zones: Zones) -> Iterator[Moment]:
    """Yield the moments that an event lists under a name."""
    for found in event.properties.get(name, []):
        zone = zones.named(found.parameters.get("TZID"))
        for text in filter(str.strip, found.value.split(",")):
            # A PERIOD begins before its slash.
            yield written(text.split("/")[0], zone)


def _tidy(rule: str) -> str:
    """Return a rule without spaces, and without the word for the calendar that it counts by anyway."""
    return _OF_OURS.sub("", _SPACE.sub("", rule)).strip(";")


def _until(text: str, start: Moment) -> datetime | None:
    """
    Return when a rule ends, a day with its last second; what it says without a zone is of the event's own.

    Raises: Rejection if it is no time; the end of all years is none.
    """
    zone = start.local.tzinfo
    told = written(text, zone if isinstance(zone, tzinfo) else UTC)
    try:
        if start.is_day:
            # Midnight of a zone is written in UTC too, which may be the day before.
            last = max(as_date(told.local), as_date(told.local.astimezone(zone)))
            return datetime(last.year, last.month, last.day, tzinfo=zone)
        return (told.local + timedelta(days=told.is_day, seconds=-told.is_day)).astimezone(UTC)
    except OverflowError:
        return None


def _utc(value: object, start: Moment) -> datetime:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=start.local.tzinfo)).astimezone(UTC)
    text = f"{value:%Y%m%d}" if hasattr(value, "year") else ""
    zone = start.local.tzinfo
    return written(text, zone if isinstance(zone, tzinfo) else UTC).utc


def _told(component: Component) -> list[str]:
    """Return the rule of an event, if it has one, as it will be followed."""
    rule: Any = component.get("RRULE")  # Any: a property may be of any class.
    return [] if rule is None else [rule.to_ical().decode()]


def _component(event: Event, start: Moment, rule: str, zones: Zones, since: datetime) -> Component:
    """Build a clean event of what the series needs from a time on, so that nothing else in it can fail."""
    first, last = since - _AROUND, since + timedelta(days=_DAYS_AHEAD) + _AROUND
    component = Component()
    component.add("uid", "series")
    component.add("dtstart", as_date(start.local) if start.is_day else start.local)
    try:
        if rule:
            component.add("rrule", vRecur.from_ical(rule))
    except (ValueError, TypeError, KeyError) as error:
        raise Rejection("bad_rule", f"{rule!r:.100}: {error!s:.100}") from None
    # Calendars of decades list thousands of them.
    near: dict[str, set[date | datetime]] = {}
    for name in ("EXDATE", "RDATE"):
        for moment in _listed(event, name, zones):
            is_day_off = name == "EXDATE" and moment.is_day and not start.is_day
            if first <= moment.utc <= last and not is_day_off:
                near.setdefault(name, set()).add(as_date(moment.local) if moment.is_day else moment.local)
    for name, moments in near.items():
        for one in sorted(moments, key=str):
            component.add(name, one)
    return component
