"""[p] The zones that a calendar's times name: those of the world, and those it defines itself."""

import re
from collections.abc import Iterable
from datetime import tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from shared.errors import Rejection
from tasks.feeds.connectors.icalendar.lines import Rules

#: What an observance needs; a rule that repeats more often than yearly would be counted through for years.
_KEPT: Final = frozenset(("TZOFFSETFROM", "TZOFFSETTO", "DTSTART", "RDATE"))
_YEARLY: Final = re.compile(
    r"(?=.*\bFREQ=YEARLY\b)"
    r"(?:(?:FREQ=YEARLY|INTERVAL=[1-9]\d{0,3}"
    r"|(?:BYMONTH|BYDAY|BYMONTHDAY|WKST|UNTIL|COUNT)=[-+A-Z0-9,]{1,40})(?:;|$))+",
    re.IGNORECASE | re.ASCII,
)
_MOST_LINES: Final = 200
#: Of the zones of a calendar that have to be made: one that changed its clock every year for two centuries, and more.
MOST_OBSERVANCES: Final = 400


class Zones:
    """Finds zones by the names that times give them; `local` is that of times which name none we know."""

    def __init__(self, local: ZoneInfo, rules: Iterable[Rules] = ()) -> None:
        self.local: tzinfo = local
        self._rules = {one.name: one for one in rules}
        self._made: dict[str, tzinfo | None] = {}
        self._observances = 0

    def named(self, name: str | None) -> tzinfo:
        """
        Return the zone of a TZID: IANA's, Windows', the one the calendar defines, else the local one.

        Raises: Rejection if the zones that the calendar defines are endless.
        """
        told = (name or "").strip()
        if told and (found := known(told)):
            return found
        if told not in self._made:
            rules = self._rules.get(told)
            self._observances += len(rules.observances) if rules else 0
            if self._observances > MOST_OBSERVANCES:
                said = f"zones of more than {MOST_OBSERVANCES} changes of the clock"
                raise Rejection("bad_time", f"{told!r:.60}: the calendar defines {said}")
            self._made[told] = _made(rules) if rules else None
        return self._made[told] or self.local


def known(name: str) -> ZoneInfo | None:
    """Return a zone by IANA's name, also behind a path, or by Windows'; none if it is neither."""
    told = name.strip().strip("/")
    parts = told.split("/")
    for candidate in (told, WINDOWS_TO_OLSON.get(told), "/".join(parts[-2:]), "/".join(parts[-3:])):
        try:
            if candidate:
                return ZoneInfo(candidate)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return None


def _made(rules: Rules) -> tzinfo | None:
    """Make the zone that a calendar defines, of its clean lines only; none if they are no zone."""
    lines = ["BEGIN:VTIMEZONE", "TZID:own"]
    for kind, told in rules.observances:
        kept = [
            f"{name}:{value.strip()}"
            for name, value in told[:_MOST_LINES]
            if name in _KEPT or (name == "RRULE" and _YEARLY.fullmatch(value.strip()))
        ]
        begins = any(line.startswith("DTSTART") for line in kept)
        lines += [f"BEGIN:{kind}", *kept, *([] if begins else ["DTSTART:19700101T000000"]), f"END:{kind}"]
    try:
        component: Any = Timezone.from_ical(
            "\r\n".join([*lines, "END:VTIMEZONE", ""])
        )  # Any: a class above it is told.
        made: tzinfo = component.to_tz(lookup_tzid=False)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError):
        return None
    return made
