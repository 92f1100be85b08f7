"""[p] The times of events: whole days, times of a zone, floating times, durations."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from shared.errors import Rejection
from tasks.feeds.connectors.icalendar.lines import Event, Property
from tasks.feeds.connectors.icalendar.zones import Zones
from tasks.feeds.reading.times_written import iso

_WRITTEN: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z)?)?", re.ASCII)
_DURATION: Final = re.compile(
    r"([+-])?P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?", re.ASCII
)


#: How Exchange says that hours which it tells are those of whole days.
_WHOLE_DAY: Final = "X-MICROSOFT-CDO-ALLDAYEVENT"
#: No clock is put forward by more at once.
_LONGEST_CHANGE: Final = timedelta(days=1)


class Moment(NamedTuple):
    """A time as the calendar means it: local to its zone, and whether it is a whole day."""

    local: datetime
    is_day: bool

    @property
    def utc(self) -> datetime:
        """
        Return the time in UTC; an hour that a clock change skips is read with the offset before it.

        Source: RFC 5545, 3.3.5
        """
        try:
            moment, zone = self.local.astimezone(UTC), self.local.tzinfo
            # The zones that calendars define themselves read it otherwise.
            if isinstance(zone, ZoneInfo) or _naive(moment.astimezone(zone)) == _naive(self.local):
                return moment
            before = (self.local - _LONGEST_CHANGE).utcoffset() or timedelta()
            return (_naive(self.local) - before).replace(tzinfo=UTC)
        except OverflowError:
            raise Rejection("bad_time", f"{self.local} is outside the calendar") from None

    def moved(self, to: datetime) -> "Moment":
        """Return the same kind of moment at another local time."""
        return self._replace(local=to.replace(tzinfo=self.local.tzinfo))

    def like(self, other: "Moment") -> "Moment":
        """Return the moment that is meant where another is of the other kind: a day at its hour, or an hour's day."""
        if self.is_day == other.is_day:
            return self
        return other.moved(datetime.combine(as_date(self.local), other.local.time()))


class Lasting(NamedTuple):
    """How long an event lasts: days by the clock of its zone, of 23 or 25 hours too, and what is counted exactly."""

    days: int = 0
    exactly: timedelta = timedelta()

    def __bool__(self) -> bool:
        """Tell whether it lasts at all."""
        return bool(self.days or self.exactly)

    def end(self, begins: datetime, zone: tzinfo | None) -> datetime:
        """
        Return when an event ends that begins at a time; all in UTC.

        Raises: Rejection if that is outside the calendar.
        """
        try:
            local = begins.astimezone(zone) + timedelta(days=self.days)
            return Moment(local, False).utc + self.exactly if self.days else begins + self.exactly
        except OverflowError:
            raise Rejection("bad_time", "the event ends outside the calendar") from None


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def read(found: Property, zones: Zones) -> Moment:
    """
    Read a DATE or DATE-TIME; a floating time is of the local zone.

    Raises: Rejection if it is neither.
    """
    told = written(found.value, zones.named(found.parameters.get("TZID")))
    # Some programs write midnight behind what they call a day.
    return told._replace(is_day=told.is_day or found.parameters.get("VALUE", "").upper() == "DATE")


def written(text: str, zone: tzinfo) -> Moment:
    """
    Read the text of a DATE or DATE-TIME in a zone.

    Raises: Rejection if it is neither.
    """
    parts = _WRITTEN.fullmatch(text.strip())
    if parts is None:
        return _spelled(text.strip(), zone)
    year, month, day, hour, minute, second, is_utc = parts.groups()
    try:
        local = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59),
            tzinfo=UTC if is_utc else zone,
        )  # fmt: skip
    except ValueError:
        raise Rejection("bad_time", f"{text!r:.60} is no time of a calendar") from None
    return Moment(local, hour is None)


def _spelled(text: str, zone: tzinfo) -> Moment:
    """Read ISO 8601 with its dashes and its offset, which calendars must not write, and some do."""
    found = iso(text)
    if found is None:
        raise Rejection("bad_time", f"{text!r:.60} is no time of a calendar")
    return Moment(found if found.tzinfo else found.replace(tzinfo=zone), len(text) <= len("2026-11-20"))


def span(event: Event, zones: Zones) -> tuple[Moment, Lasting | None]:
    """
    Return when an event begins and how long it lasts, unknown when its end is before its beginning or cannot be read.

    Raises: Rejection if it has no beginning, or one that cannot be read.
    """
    begins = event.first("DTSTART")
    if begins is None:
        raise Rejection("bad_time", "the event has no DTSTART")
    start = read(begins, zones)
    if (event.text(_WHOLE_DAY) or "").upper() == "TRUE" and start.local.time() == time():
        start = start._replace(is_day=True)
    # What cannot be placed is refused here, whatever is told of its end.
    _ = start.utc
    try:
        lasts = _lasts(event, start, zones)
    except Rejection:
        return start, None
    # Whole days that end on the day they begin: who writes so means that day.
    if start.is_day and not lasts:
        lasts = Lasting(days=1)
    return start, lasts if lasts >= Lasting() else None


def _lasts(event: Event, start: Moment, zones: Zones) -> Lasting:
    if ends := event.first("DTEND"):
        begins = event.first("DTSTART")
        if begins and "TZID" not in ends.parameters:
            # Some programs name the zone once for both.
            ends = replace(ends, parameters={**ends.parameters, "TZID": begins.parameters.get("TZID", "")})
        end = read(ends, zones)
        if start.is_day and end.local.time() == time():
            return Lasting(days=(as_date(end.local) - as_date(start.local)).days)
        return Lasting(exactly=end.utc - start.utc)
    if duration := event.first("DURATION"):
        return _duration(duration.value)
    return Lasting(days=int(start.is_day))


def _duration(text: str) -> Lasting:
    """Read a duration, of which weeks and days are those of the clock (RFC 5545, 3.3.6)."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise Rejection("bad_time", f"{text!r:.60} is no duration")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    sign = -1 if found.group(1) == "-" else 1
    exactly = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return Lasting(sign * (7 * weeks + days), sign * exactly)


def as_date(moment: datetime) -> date:
    """Return the day of a moment in its own zone."""
    return moment.date()
