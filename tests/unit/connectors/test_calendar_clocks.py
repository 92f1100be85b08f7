"""Events on the days on which a clock is put forward or back."""

import pytest

from shared.clock import rfc3339
from tasks.feeds.connector import Feature, Record
from tests.support.feeds import parse, payload, source

#: New York's, under a name that nobody knows.
OWN = "\r\n".join(
    [
        "BEGIN:VTIMEZONE", "TZID:Own",
        "BEGIN:STANDARD", "DTSTART:16010101T020000", "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11",
        "TZOFFSETFROM:-0400", "TZOFFSETTO:-0500", "END:STANDARD",
        "BEGIN:DAYLIGHT", "DTSTART:16010101T020000", "RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3",
        "TZOFFSETFROM:-0500", "TZOFFSETTO:-0400", "END:DAYLIGHT", "END:VTIMEZONE", "",
    ]
)  # fmt: skip


def read(*events: str) -> list[Record]:
    """Read events of New York by their lines."""
    told = "".join(f"BEGIN:VEVENT\r\nSUMMARY:A\r\n{one}\r\nEND:VEVENT\r\n" for one in events)
    text = f"BEGIN:VCALENDAR\r\n{OWN}{told}END:VCALENDAR\r\n"
    return parse(source("icalendar", timezone="America/New_York"), payload(text.encode()))


def times(*lines: str) -> tuple[str, str]:
    """Return when an event begins and ends."""
    (record,) = read("\r\n".join(lines))
    assert isinstance(record, Feature)
    assert record.starts_at
    return rfc3339(record.starts_at), rfc3339(record.ends_at) if record.ends_at else ""


@pytest.mark.parametrize("zone", ["America/New_York", "Own"])
@pytest.mark.parametrize(
    ("hour", "utc"),
    [("20070311T023000", "2007-03-11T07:30:00Z"), ("20071104T013000", "2007-11-04T05:30:00Z")],
    ids=["skipped", "twice"],
)
def test_an_hour_that_a_clock_skips_or_has_twice_is_that_of_the_standard(
    zone: str, hour: str, utc: str
) -> None:
    """The examples of RFC 5545, 3.3.5, of every zone: the offset before the change."""
    assert utc == times(f"DTSTART;TZID={zone}:{hour}")[0]


def test_an_occurrence_at_an_hour_that_is_skipped_is_read_so_too() -> None:
    """As a time that is told (RFC 5545, 3.3.10)."""
    text = OWN.replace("BYDAY=2SU;BYMONTH=3", "BYDAY=4SU;BYMONTH=11").replace(
        "BYDAY=1SU;BYMONTH=11", "BYDAY=1SU;BYMONTH=3"
    )
    told = "BEGIN:VEVENT\r\nSUMMARY:A\r\nDTSTART;TZID=Own:20261119T023000\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT"
    (record,) = parse(source("icalendar"), payload(f"BEGIN:VCALENDAR\r\n{text}{told}\r\n".encode()))

    assert isinstance(record, Feature)
    expected = ["2026-11-22T07:30:00Z", "2026-11-23T06:30:00Z"]
    assert expected == record.properties["occurrences"][:2]


@pytest.mark.parametrize(
    "end", ["X-NONE:", "DURATION:P1D", "DTEND;VALUE=DATE:20261101", "DTEND;VALUE=DATE:20261102"]
)
def test_a_whole_day_of_25_hours_ends_with_its_midnight(end: str) -> None:
    """However its end is told, or is not."""
    expected = "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"

    assert expected == times("DTSTART;VALUE=DATE:20261101", end)


@pytest.mark.parametrize(
    ("begins", "duration", "ends"),
    [
        ("20261031T120000", "P1D", "2026-11-01T17:00:00Z"),
        ("20261031T120000", "PT24H", "2026-11-01T16:00:00Z"),
        ("20261031T120000", "P1DT1H", "2026-11-01T18:00:00Z"),
        ("20260307T120000", "P1W", "2026-03-14T16:00:00Z"),
    ],
)
def test_a_day_lasts_until_the_same_hour_and_24_hours_are_24(begins: str, duration: str, ends: str) -> None:
    """Days and weeks are those of the clock (RFC 5545, 3.3.6)."""
    assert ends == times(f"DTSTART;TZID=America/New_York:{begins}", f"DURATION:{duration}")[1]


def test_whole_days_of_a_series_end_with_their_midnights() -> None:
    """The first of them had 25 hours, and the next has 24."""
    first = "DTSTART;VALUE=DATE:20251102\r\nDTEND;VALUE=DATE:20251103\r\nRRULE:FREQ=DAILY"

    assert ("2026-11-22T05:00:00Z", "2026-11-23T05:00:00Z") == times(first)


@pytest.mark.parametrize(("day", "utc"), [("20060711", "14:00"), ("20260711", "14:00")])
def test_a_zone_that_tells_only_its_summer_is_read_before_it_too(day: str, utc: str) -> None:
    """Programs leave out the half of a year that no event of theirs is in."""
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Summer\r\nBEGIN:DAYLIGHT\r\nDTSTART:20070311T020000\r\n"
        "TZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
    )
    event = f"BEGIN:VEVENT\r\nSUMMARY:A\r\nDTSTART;TZID=Summer:{day}T100000\r\nEND:VEVENT\r\n"
    (record,) = parse(source("icalendar"), payload(f"BEGIN:VCALENDAR\r\n{zone}{event}END:VCALENDAR".encode()))

    assert isinstance(record, Feature)
    assert utc == f"{record.starts_at:%H:%M}"
