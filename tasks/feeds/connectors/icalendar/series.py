"""[p] The coming occurrences of a series of events."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

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
_FREQUENCIES: Final = re.compile(r"(?:^|;)FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)(?:;|$)", re.IGNORECASE)
_BOTH: Final = re.compile(r"(?=.*(?:^|;)COUNT=)(?:^|.*;)UNTIL=", re.IGNORECASE)
_UNTIL: Final = re.compile(r"(?:^|(?<=;))UNTIL=([^;]*)(?:;|$)", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s+")
_OF_OURS: Final = re.compile(r"(?:^|(?<=;))RSCALE=GREGORIAN(?:;|$)", re.IGNORECASE)
#: Parts of a rule that turn a day into thousands of occurrences.
_DENSE: Final = re.compile(r"(?:^|;)BY(?:HOUR|MINUTE|SECOND)=", re.IGNORECASE)
#: A rule that goes no step forward would be counted through for ever.
_STANDS: Final = re.compile(r"(?:^|;)INTERVAL=(?!0*[1-9]\d{0,5}(?:;|$))", re.IGNORECASE | re.ASCII)


def is_series(event: Event) -> bool:
    """Tell whether an event repeats."""
    return any(one.value.strip() for name in ("RRULE", "RDATE") for one in event.properties.get(name, ()))


def coming(
    event: Event, start: Moment, moved: Iterable[datetime], now: datetime, zones: Zones, steps: Steps
) -> list[datetime]:
    """
    Return the beginnings, in UTC, of the occurrences from now to two months ahead.

    `moved` are those that other events of the calendar replace.
    Raises: Rejection if the rule cannot be read, repeats more often than daily, or leads nowhere in many `steps`.
    """
    rules = [
        rule for rule in dict.fromkeys(_tidy(one.value) for one in event.properties.get("RRULE", ())) if rule
    ]
    if any(_STANDS.search(rule) for rule in rules):
        raise Rejection("bad_rule", f"{rules[0]!r:.100} has no interval that leads forward")
    if any(not _FREQUENCIES.search(rule) or _DENSE.search(rule) for rule in rules):
        raise Rejection("bad_rule", f"{rules[0]!r:.100} does not repeat by days, weeks, months or years")
    since = now.astimezone(UTC) - timedelta(days=1)
    before = since.replace(tzinfo=None) - timedelta(days=1)
    begins_at = start.local.replace(tzinfo=None)
    ends = None
    if rules and _BOTH.search(rules[0]):
        ends = _until(rules[0], start)
        rules[0] = _UNTIL.sub("", rules[0]).strip(";")
    if rules:
        begins_at = moved_on(rules[0], begins_at, before)
    component = _component(event, start.moved(begins_at), rules[:1], zones, since)
    calendar = Calendar()
    calendar.add_component(component)
    try:
        for rule in _told(component):
            steps.follow(rule, begins_at, before)
        # Of each only its beginning is asked for: to copy the whole event takes three quarters of the time.
        (one,) = recurring_ical_events.of(calendar).series
        found = list(one.between(since, since + timedelta(days=_DAYS_AHEAD)))
        begins = sorted(_utc(occurrence.start, start) for occurrence in found[: _MOST * 10])
        steps.found(len(found))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise Rejection("bad_rule", f"{'; '.join(rules)!r:.100}: {error!s:.100}") from None
    skipped, off = set(moved), set() if start.is_day else _days_off(event, zones)
    return [
        moment
        for moment in begins
        if moment not in skipped
        and not (ends and moment > ends)
        and not (off and as_date(moment.astimezone(start.local.tzinfo)) in off)
    ][:_MOST]


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


def _until(rule: str, start: Moment) -> datetime | None:
    """
    Return when a rule ends that counts its occurrences too, which it must not, and some do: what comes first ends it.

    Raises: Rejection if it is no time.
    """
    found = _UNTIL.search(rule)
    zone = start.local.tzinfo
    told = written(found.group(1), zone) if found and zone else None
    return told and told.utc + (timedelta(days=1, seconds=-1) if told.is_day else timedelta())


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


def _component(event: Event, start: Moment, rules: list[str], zones: Zones, since: datetime) -> Component:
    """Build a clean event of what the series needs from a time on, so that nothing else in it can fail."""
    first, last = since - _AROUND, since + timedelta(days=_DAYS_AHEAD) + _AROUND
    component = Component()
    component.add("uid", "series")
    component.add("dtstart", as_date(start.local) if start.is_day else start.local)
    try:
        for rule in rules:
            component.add("rrule", vRecur.from_ical(rule))
    except (ValueError, TypeError, KeyError) as error:
        raise Rejection("bad_rule", f"{rules[0]!r:.100}: {error!s:.100}") from None
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
