"""
[p] How far a rule is followed: a rule that nothing fits would be followed day by day up to the year 9999.

Source: the loop of `dateutil.rrule`, which takes the rule's interval once a step.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Final

from dateutil.rrule import MONTHLY, YEARLY, rrulestr

from shared.errors import Rejection

#: Steps of one rule, of a day or a week each: the days of 68 years, each with its occurrence.
MOST_STEPS: Final = 50_000
#: Steps of all the rules of a calendar.
MOST_STEPS_TOGETHER: Final = 1_000_000
_OCCURRENCE_STEPS: Final = 10
_DAYS: Final = {"DAILY": 1, "WEEKLY": 7}
#: What a step of a year, or of a month, costs in such steps.
_LONG_STEPS: Final = {YEARLY: 12, MONTHLY: 3}


def moved_on(rule: str, start: datetime, before: datetime) -> datetime:
    """
    Return a beginning shortly before a time from which a rule has the same occurrences after that time.

    A rule of days or weeks goes on from any whole number of its intervals; one that counts its occurrences
    is to be followed from the first.
    """
    parts = dict(part.split("=", 1) for part in rule.upper().split(";") if "=" in part)
    days = _DAYS.get(parts.get("FREQ", ""), 0) * int(parts.get("INTERVAL", "1"))
    if not days or "COUNT" in parts:
        return start
    # Two steps early, so that the new beginning itself is none of those that are asked for.
    return start + timedelta(days=max(0, (before - start).days // days - 2) * days)


class Steps:
    """Counts the steps of all the rules of one calendar."""

    def __init__(self) -> None:
        self.taken = 0

    def follow(self, rule: str, start: datetime, since: datetime) -> None:
        """
        Follow a rule until it has an occurrence after `since`, or none any more; both times are naive.

        Raises: Rejection if that takes too many steps; ValueError and its like if the rule is none.
        """
        for occurrence in self._each(rule, start):
            if occurrence > since:
                return

    def between(self, rule: str, start: datetime, since: datetime, until: datetime) -> list[datetime]:
        """Return the occurrences of a rule between two times, all naive; raises as `follow` does."""
        up_to = takewhile(lambda occurrence: occurrence <= until, self._each(rule, start))
        return [occurrence for occurrence in up_to if occurrence >= since]

    def _each(self, rule: str, start: datetime) -> Iterator[datetime]:
        following: Any = rrulestr(rule, dtstart=start, ignoretz=True)  # Any: dateutil is untyped.
        counted = _Counted(following._interval)
        counted.begin(self, _LONG_STEPS.get(following._freq, 1))
        following._interval = counted
        for occurrence in following:
            counted.count(1)
            yield occurrence

    def found(self, occurrences: int) -> None:
        """Count the occurrences that were found: each is made at the cost of many steps."""
        self.taken += occurrences * _OCCURRENCE_STEPS


class _Counted(int):
    """An interval that counts how often it is taken."""

    def begin(self, steps: Steps, cost: int) -> None:
        """Count for a calendar from here on, so much each time."""
        self._steps = steps
        self._cost = cost
        self._most = min(steps.taken + MOST_STEPS, MOST_STEPS_TOGETHER)

    def count(self, cost: int) -> None:
        """Count a step of this cost."""
        self._steps.taken += cost
        if self._steps.taken > self._most:
            raise Rejection("bad_rule", f"followed for {MOST_STEPS:,} steps it has no coming occurrence")

    def __radd__(self, other: int) -> int:
        """Go a step on by years, months or days."""
        self.count(self._cost)
        return int(self) + other

    def __mul__(self, other: int) -> int:
        """Go a step on by weeks."""
        self.count(self._cost)
        return int(self) * other
