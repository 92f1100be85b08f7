"""Series of events whose rules are several, take away, or cannot be read in part."""

import pytest

from tasks.feeds.connector import Feature, Record, Rejected
from tests.support.feeds import parse, payload, source


def read(*lines: str, begins: str = "DTSTART:20261123T100000Z") -> Record:
    """Parse a calendar of one event, which begins on a Monday."""
    told = "\r\n".join(["BEGIN:VEVENT", "UID:a", "SUMMARY:A", begins, *lines, "END:VEVENT"])
    (record,) = parse(
        source("icalendar"), payload(f"BEGIN:VCALENDAR\r\n{told}\r\nEND:VCALENDAR\r\n".encode())
    )
    return record


def days(record: Record) -> list[str]:
    """Return the days of the coming occurrences."""
    assert isinstance(record, Feature), record
    return [moment[5:10] for moment in record.properties["occurrences"]]


def test_an_event_may_have_several_rules() -> None:
    """Each gives its own occurrences, and what two of them give is one."""
    found = read("RRULE:FREQ=WEEKLY;COUNT=3", "RRULE:FREQ=WEEKLY;BYDAY=TH,MO;COUNT=3")

    assert ["11-23", "11-26", "11-30", "12-07"] == days(found)


def test_a_rule_beyond_several_is_refused() -> None:
    """Each is followed by itself: thousands of them would cost minutes."""
    found = read(*[f"RRULE:FREQ=DAILY;INTERVAL={number}" for number in range(1, 12)])

    assert isinstance(found, Rejected)
    assert ("bad_rule", "11 rules; 10 are the most") == (found.reason, found.detail)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=SA,SU", ["11-23", "11-24", "11-25", "11-26", "11-27", "11-30"]),
        (
            "FREQ=WEEKLY;BYDAY=SA,SU;UNTIL=20261128",
            ["11-23", "11-24", "11-25", "11-26", "11-27", "11-29", "11-30"],
        ),
        ("FREQ=DAILY;COUNT=2", ["11-25", "11-26", "11-27", "11-28", "11-29", "11-30"]),
    ],
)
def test_a_rule_may_take_occurrences_away(rule: str, expected: list[str]) -> None:
    """EXRULE is of the standard's first form, which calendars of WordPress still write; a beginning it does not name stays."""
    assert expected == days(read("RRULE:FREQ=DAILY;COUNT=8", f"EXRULE:{rule}"))


def test_a_rule_takes_away_by_the_clock_of_the_event() -> None:
    """At 20:00 in Chicago it is the next day already in UTC."""
    begins = "DTSTART;TZID=America/Chicago:20261123T200000"

    assert ["11-24", "11-26"] == days(
        read("RRULE:FREQ=DAILY;COUNT=3", "EXRULE:FREQ=WEEKLY;BYDAY=TU", begins=begins)
    )


@pytest.mark.parametrize("name", ["RDATE", "EXDATE"])
def test_a_date_that_cannot_be_read_costs_no_other_and_not_the_event(name: str) -> None:
    """The event says which it is."""
    found = read("RRULE:FREQ=WEEKLY;COUNT=2", f"{name}:202611T100000Z,083000", "RDATE:20261125T100000Z")

    assert ["11-23", "11-25", "11-30"] == days(found)
    assert isinstance(found, Feature)
    assert f"{name}: '202611T100000Z' is no time of a calendar" == found.properties["dates_problem"]


def test_a_rule_whose_end_cannot_be_read_is_a_bad_rule() -> None:
    """When the event begins is known; how long it goes on is not."""
    found = read("RRULE:FREQ=WEEKLY;UNTIL=20270231")

    assert isinstance(found, Rejected)
    assert "bad_rule" == found.reason


@pytest.mark.parametrize("end", ["\r\r\n", "\n\n", "\r\n\r\n"])
def test_a_line_may_be_folded_with_its_ends_doubled(end: str) -> None:
    """As a file comes that was written as text and sent as text once more."""
    lines = [
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT",
        "UID:a",
        "DTSTART",
        " :20261123T100000Z",
        "SUMMARY:Open",
        "  house",
    ]
    (record,) = parse(
        source("icalendar"), payload(end.join([*lines, "END:VEVENT", "END:VCALENDAR"]).encode())
    )

    assert isinstance(record, Feature)
    assert "Open house" == record.title


def events_of_one_uid(*told: str) -> list[Record]:
    """Read events of one UID, each by its lines."""
    body = "".join(f"BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:A\r\n{one}\r\nEND:VEVENT\r\n" for one in told)
    return parse(source("icalendar"), payload(f"BEGIN:VCALENDAR\r\n{body}END:VCALENDAR\r\n".encode()))


@pytest.mark.parametrize("changed", ["", "DTSTAMP:20261101T000000Z\r\n", "SEQUENCE:2\r\n"])
def test_a_series_that_is_written_out_under_one_uid_is_not_one_event(changed: str) -> None:
    """Programs give all occurrences the UID of the series, and none says which it replaces; what is told twice is one."""
    begins = [f"{changed}DTSTART:202611{day}T100000Z" for day in (23, 30, 30)]
    found = events_of_one_uid(*begins)
    turned = events_of_one_uid(*begins[::-1])

    assert ["a/20261123T100000Z", "a/20261130T100000Z"] == [
        one.external_id for one in found if isinstance(one, Feature)
    ]
    assert {"superseded"} == {one.reason for one in found if isinstance(one, Rejected)}
    assert 2 == sum(isinstance(one, Feature) for one in turned)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("SEQUENCE:1", "SEQUENCE:2"),
        ("LAST-MODIFIED:20261101T000000Z", "LAST-MODIFIED:20261102T000000Z"),
        ("DTSTAMP:20261101T000000Z", "DTSTAMP:20261102T000000Z"),
    ],
)
def test_an_event_that_was_moved_is_one(older: str, newer: str) -> None:
    """Its newer version says so."""
    found = events_of_one_uid(f"{newer}\r\nDTSTART:20261130T100000Z", f"{older}\r\nDTSTART:20261123T100000Z")

    assert ["a"] == [one.external_id for one in found if isinstance(one, Feature)]
    assert ["superseded"] == [one.reason for one in found if isinstance(one, Rejected)]


@pytest.mark.parametrize(
    "rule", ["FREQ=MONTHLY;BYDAY=9MO", "FREQ=MONTHLY;BYDAY=-9MO", "FREQ=MONTHLY;BYDAY=TU,9MO"]
)
@pytest.mark.parametrize("name", ["RRULE", "EXRULE"])
def test_a_ninth_monday_of_a_month_costs_no_other_event(name: str, rule: str) -> None:
    """What follows rules fails over it in a way of its own."""
    events = f"RRULE:FREQ=DAILY\r\n{name}:{rule}", "X-NONE:"
    told = "".join(
        f"BEGIN:VEVENT\r\nUID:{at}\r\nDTSTART:20261103T100000Z\r\n{one}\r\nEND:VEVENT\r\n"
        for at, one in enumerate(events)
    )
    odd, other = parse(source("icalendar"), payload(f"BEGIN:VCALENDAR\r\n{told}END:VCALENDAR".encode()))

    assert isinstance(odd, Rejected)
    assert "bad_rule" == odd.reason
    assert isinstance(other, Feature)
