"""[p] The rules of a series, checked and as they are followed."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from math import prod
from typing import Final, NamedTuple

from shared.errors import Rejection
from tasks.feeds.connectors.icalendar.lines import Event
from tasks.feeds.connectors.icalendar.moments import Moment, as_date, written

_FREQUENCIES: Final = re.compile(r"(?:^|;)FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)(?:;|$)", re.IGNORECASE)
_COUNTED: Final = re.compile(r"(?:^|;)COUNT=", re.IGNORECASE)
_UNTIL: Final = re.compile(r"(?:^|(?<=;))UNTIL=([^;]*)(?:;|$)", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s+")
_OF_OURS: Final = re.compile(r"(?:^|(?<=;))RSCALE=GREGORIAN(?:;|$)", re.IGNORECASE)
#: Parts of a rule that turn a day into several occurrences, or thousands.
_DENSE: Final = re.compile(r"(?:^|;)BY(?:HOUR|MINUTE|SECOND)=([^;]*)", re.IGNORECASE)
MOST_A_DAY: Final = 24
#: A rule that goes no step forward would be counted through for ever.
_STANDS: Final = re.compile(r"(?:^|;)INTERVAL=(?!0*[1-9]\d{0,5}(?:;|$))", re.IGNORECASE | re.ASCII)
#: Of one event; each is followed by itself.
_MOST_RULES: Final = 10


class Rule(NamedTuple):
    """A rule as it is followed, and when it ends where it must not tell it itself."""

    told: str
    ends: datetime | None = None


def rules_of(event: Event, name: str, start: Moment) -> list[Rule]:
    """
    Return the rules of an event under a name, those that it says twice once.

    Raises: Rejection if one repeats more often than hourly, or leads nowhere.
    """
    told = dict.fromkeys(_tidy(one.value) for one in event.properties.get(name, ()))
    if len(told) > _MOST_RULES:
        raise Rejection("bad_rule", f"{len(told):,} rules; {_MOST_RULES} are the most")
    return [_rule(rule, start, is_taking=name == "EXRULE") for rule in told if rule]


def _rule(rule: str, start: Moment, *, is_taking: bool) -> Rule:
    if _STANDS.search(rule):
        raise Rejection("bad_rule", f"{rule!r:.100} has no interval that leads forward")
    if not _FREQUENCIES.search(rule) or _a_day(rule) > MOST_A_DAY:
        raise Rejection("bad_rule", f"{rule!r:.100} does not repeat by days, weeks, months or years")
    until = _UNTIL.search(rule)
    if until is None:
        return Rule(rule)
    endless = _UNTIL.sub("", rule).strip(";")
    try:
        ends = _until(until.group(1), start)
    except Rejection as why:
        raise Rejection("bad_rule", f"{rule!r:.100}: UNTIL: {why.detail}") from None
    # A rule must not count its occurrences too, and some do: what comes first ends it.
    if ends is None or is_taking or _COUNTED.search(endless):
        return Rule(endless, ends)
    return Rule(f"{endless};UNTIL={ends:{'%Y%m%d' if start.is_day else '%Y%m%dT%H%M%SZ'}}")


def _a_day(rule: str) -> int:
    """Return how many occurrences a rule makes of a day."""
    return prod(found.group(1).count(",") + 1 for found in _DENSE.finditer(rule))


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
