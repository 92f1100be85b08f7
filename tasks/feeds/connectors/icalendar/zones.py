"""[p] The zones that a calendar's times name: those of the world, and those it defines itself."""

import re
from collections.abc import Iterable
from datetime import timedelta, timezone, tzinfo
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


#: What Windows shows for a zone, behind its offset, which some programs write in the place of its name.
_SHOWN: Final = {
    "Hawaii": "Pacific/Honolulu",
    "Alaska": "America/Anchorage",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Arizona": "America/Phoenix",
    "Mountain Time (US & Canada)": "America/Denver",
    "Central Time (US & Canada)": "America/Chicago",
    "Saskatchewan": "America/Regina",
    "Eastern Time (US & Canada)": "America/New_York",
    "Indiana (East)": "America/Indiana/Indianapolis",
    "Atlantic Time (Canada)": "America/Halifax",
    "Newfoundland": "America/St_Johns",
    "Brasilia": "America/Sao_Paulo",
    "Dublin, Edinburgh, Lisbon, London": "Europe/London",
    "Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna": "Europe/Berlin",
    "Belgrade, Bratislava, Budapest, Ljubljana, Prague": "Europe/Budapest",
    "Brussels, Copenhagen, Madrid, Paris": "Europe/Paris",
    "Sarajevo, Skopje, Warsaw, Zagreb": "Europe/Warsaw",
    "Athens, Bucharest": "Europe/Bucharest",
    "Helsinki, Kyiv, Riga, Sofia, Tallinn, Vilnius": "Europe/Helsinki",
    "Jerusalem": "Asia/Jerusalem",
    "Osaka, Sapporo, Tokyo": "Asia/Tokyo",
    "Perth": "Australia/Perth",
    "Brisbane": "Australia/Brisbane",
    "Adelaide": "Australia/Adelaide",
    "Canberra, Melbourne, Sydney": "Australia/Sydney",
    "Auckland, Wellington": "Pacific/Auckland",
    "Coordinated Universal Time": "UTC",
}
_OFFSET_BEFORE: Final = re.compile(r"\((?:UTC|GMT)(?:[+-]\d\d[:.]\d\d)?\) ?", re.ASCII)
#: An offset alone: it has no summer.
_OFFSET: Final = re.compile(r"(?:UTC|GMT)([+-])(\d{1,2})(?::?(\d\d))?", re.ASCII)
_MOST_HOURS: Final = 14
#: As the standard writes it (RFC 5545, 3.3.14).
_UTC_OFFSET: Final = re.compile(r"[+-](?:[01]\d|2[0-3]):?[0-5]\d(?::?\d\d)?", re.ASCII)
_UTC: Final = "tzone://Microsoft/Utc"


class Zones:
    """Finds zones by the names that times give them; `local` is that of times which name none we know."""

    def __init__(self, local: ZoneInfo, rules: Iterable[Rules] = ()) -> None:
        self.local: tzinfo = local
        self._rules = {one.name: one for one in rules}
        self._made: dict[str, tzinfo | None] = {}
        self._observances = 0

    def named(self, name: str | None) -> tzinfo:
        """
        Return the zone of a TZID: IANA's, Windows', the one the calendar defines, an offset, else the local one.

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
            self._made[told] = _made(rules) if rules else _fixed(told)
        return self._made[told] or self.local


def known(name: str) -> ZoneInfo | None:
    """Return a zone by IANA's name, also behind a path, or by one of Windows'; none if it is neither."""
    told = "UTC" if name.strip() == _UTC else name.strip().strip("/")
    parts = told.split("/")
    shown = _SHOWN.get(_OFFSET_BEFORE.sub("", told))
    for candidate in (told, WINDOWS_TO_OLSON.get(told), shown, "/".join(parts[-2:]), "/".join(parts[-3:])):
        try:
            if candidate:
                return ZoneInfo(candidate)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return None


def _fixed(name: str) -> tzinfo | None:
    """Return the zone of an offset that stands in the place of a name."""
    found = _OFFSET.fullmatch(name)
    if found is None or int(found.group(2)) > _MOST_HOURS:
        return None
    offset = timedelta(hours=int(found.group(2)), minutes=int(found.group(3) or 0))
    return timezone(-offset if found.group(1) == "-" else offset)


def is_broken(rules: Rules) -> bool:
    """Tell whether a zone tells an offset that is none: of a day or more, or in words."""
    told = [
        value
        for _, lines in rules.observances
        for name, value in lines
        if name in ("TZOFFSETFROM", "TZOFFSETTO")
    ]
    return any(_UTC_OFFSET.fullmatch(value.strip()) is None for value in told)


def _made(rules: Rules) -> tzinfo | None:
    """Make the zone that a calendar defines, of its clean lines only; none if they are no zone."""
    lines = ["BEGIN:VTIMEZONE", "TZID:own"]
    # Of a zone that only tells its summer, nobody would know what is before it.
    has_standard = any(kind == "STANDARD" for kind, _ in rules.observances)
    for kind, told in rules.observances:
        kind = kind if has_standard else "STANDARD"
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
