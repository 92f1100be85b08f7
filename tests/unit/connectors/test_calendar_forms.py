"""Calendars as other publishers write them: cut off, unclosed, repeated, with spaces in their rules."""

import pytest

from tasks.feeds.connector import Feature, Record, Rejected
from tests.support.feeds import parse, payload, source

WHOLE = "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:20261120T100000Z\r\nSUMMARY:{title}\r\nEND:VEVENT\r\n"
OPEN = WHOLE.replace("END:VEVENT\r\n", "")


def read(body: str) -> list[Record]:
    """Parse a calendar."""
    return parse(source("icalendar"), payload(body.encode()))


def framed(*events: str) -> str:
    """Write a calendar around events."""
    return f"BEGIN:VCALENDAR\r\n{''.join(events)}END:VCALENDAR\r\n"


def event(uid: str = "a", title: str = "A", more: str = "", form: str = WHOLE) -> str:
    """Write one event."""
    return form.format(uid=uid, title=title).replace("SUMMARY", f"{more}SUMMARY")


@pytest.mark.parametrize(
    "body",
    [
        framed(event("a", form=OPEN), event("b")),
        framed(event("a"), event("b", form=OPEN)),
        "BEGIN:VCALENDAR\r\n" + event("a") + event("b", form=OPEN),
        event("a") + event("b"),
        framed(event("a")) + framed(event("b")),
    ],
    ids=["next begins", "calendar ends", "cut off", "no calendar around", "two calendars"],
)
def test_no_event_is_lost_to_a_missing_line(body: str) -> None:
    """Both are there."""
    assert ["a", "b"] == [one.external_id for one in read(body) if isinstance(one, Feature)]


def test_an_empty_event_of_a_whole_calendar_is_counted() -> None:
    """It has no time; a calendar that is cut off there has no event."""
    empty = "BEGIN:VEVENT\r\nEND:VEVENT\r\n"
    (record,) = read(framed(empty))

    assert isinstance(record, Rejected)
    assert "bad_time" == record.reason
    assert [] == read(f"BEGIN:VCALENDAR\r\n{empty}")


def test_of_events_of_one_uid_the_same_wins_in_any_order() -> None:
    """Where neither SEQUENCE nor a time of change tells."""
    one, other = event(title="A"), event(title="B")

    def won(*events: str) -> list[str]:
        return [record.title for record in read(framed(*events)) if isinstance(record, Feature)]

    assert 1 == len(won(one, other))
    assert won(one, other) == won(other, one)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYDAY=MO, TU, WE, TH, FR, SA, SU",
        "FREQ=DAILY; COUNT=20",
        "RSCALE=GREGORIAN;FREQ=DAILY;COUNT=20",
    ],
)
def test_spaces_in_a_rule_do_not_cost_the_event(rule: str) -> None:
    """The next occurrences are found."""
    (record,) = read(framed(event(more=f"RRULE:{rule}\r\n")))

    assert isinstance(record, Feature)
    assert len(record.properties["occurrences"]) > 5


@pytest.mark.parametrize(
    "end", ["DTEND:soon", "DTEND:20261399T000000Z", "DURATION:an hour", "DTEND:20261119T100000Z"]
)
def test_an_event_whose_end_cannot_be_read_begins_none_the_less(end: str) -> None:
    """As one that ends before it begins: how long it lasts is unknown."""
    (record,) = read(framed(event(more=f"{end}\r\n")))

    assert isinstance(record, Feature)
    assert (10, None) == (record.starts_at and record.starts_at.hour, record.ends_at)
