"""Public meetings in the wrappers and with the clocks of other cities."""

from typing import Any

import orjson
import pytest

from tasks.feeds.connector import Feature, Malformed, Record
from tests.support.feeds import parse, payload, source

MEETING = {
    "EventId": 1,
    "EventBodyName": "Council",
    "EventDate": "2026-11-20T00:00:00",
    "EventTime": "6:30 PM",
}


def read(document: Any) -> list[Record]:
    """Parse a document as the connector does."""
    return parse(source("legistar", timezone="America/Chicago"), payload(orjson.dumps(document)))


@pytest.mark.parametrize("document", [[MEETING], {"value": [MEETING]}, {"events": [MEETING]}, MEETING])
def test_a_list_is_found_in_its_wrapper(document: Any) -> None:
    """OData's, a calendar's, or one meeting alone."""
    (record,) = read(document)

    assert isinstance(record, Feature)
    assert "1" == record.external_id


@pytest.mark.parametrize(
    ("clock", "utc"),
    [
        ("6:30 p.m.", "21T00:30"),
        ("6 PM", "21T00:00"),
        ("18:30", "21T00:30"),
        ("6:30 PM (after the hearing)", "21T00:30"),
        ("12:00 AM", "20T06:00"),
        ("TBD", "20T06:00"),
        (None, "20T06:00"),
    ],
)
def test_every_clock_is_read(clock: str | None, utc: str) -> None:
    """An hour that is not known yet is the day's beginning."""
    (record,) = read([{**MEETING, "EventTime": clock}])

    assert isinstance(record, Feature)
    assert record.starts_at is not None
    assert utc == f"{record.starts_at:%dT%H:%M}"


@pytest.mark.parametrize("name", ["EventAgendaStatusName", "EventMinutesStatusName", "EventTime"])
def test_a_meeting_that_is_called_off_is_withdrawn(name: str) -> None:
    """Wherever the clerk says so."""
    (record,) = read([{**MEETING, name: "Cancelled"}])

    assert isinstance(record, Feature)
    assert record.withdrawn


def test_a_moment_may_be_a_number() -> None:
    """As calendars on web pages have it."""
    (record,) = read([{"title": "A", "start": 1795176000000}])

    assert isinstance(record, Feature)
    assert "2026-11-20T12:00" == f"{record.starts_at:%Y-%m-%dT%H:%M}"


XML = (
    b'<ArrayOfGranicusEvent xmlns="http://schemas.datacontract.org/2004/07/LegistarWebAPI.Models.v1"'
    b' xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><GranicusEvent><EventId>1</EventId>'
    b"<EventBodyName>Council</EventBodyName><EventDate>2026-11-20T00:00:00</EventDate>"
    b'<EventTime>6:30 PM</EventTime><EventMinutesFile i:nil="true"/></GranicusEvent></ArrayOfGranicusEvent>'
)


def test_the_api_answers_in_xml_too() -> None:
    """Some of its clients do whatever they are asked for."""
    (record,) = parse(source("legistar", timezone="America/Chicago"), payload(XML))

    assert read([MEETING]) == [record]


def test_an_error_of_the_api_is_told_in_its_words() -> None:
    """An admin reads why there are no meetings."""
    content = b"<Error><Message>An error has occurred.</Message></Error>"
    with pytest.raises(Malformed, match="An error has occurred"):
        parse(source("legistar"), payload(content))


@pytest.mark.parametrize(
    "row",
    [
        {
            "CommitteeName": "Council", "MeetingDate": "2026-11-20T00:00:00", "MeetingTime": "2026-11-20T18:30:00",
            "Location": "Hall", "Cancelled": True, "Description": "<p>Budget</p>",
        },
        {
            "name": "Council", "start_date": "2026-11-21T00:30:00+00:00", "status": "cancelled", "description": "Budget",
            "location": {"name": "Hall", "url": "", "coordinates": None},
        },
        {
            "summary": "Council", "start": {"dateTime": "2026-11-20T18:30:00-06:00"}, "location": "Hall",
            "status": "cancelled", "description": "Budget",
        },
        {
            "@type": "Event", "name": {"text": "Council"}, "startDate": "2026-11-20 18:30:00", "description": "Budget",
            "eventStatus": "https://schema.org/EventCancelled", "venue": {"venue": "Hall"},
        },
    ],
    ids=["date and whole time", "open civic data", "google", "schema.org"],
)  # fmt: skip
def test_a_meeting_is_the_same_under_the_names_of_every_dialect(row: dict[str, Any]) -> None:
    """In any case, with any spaces, and with an object in the place of a text."""
    (record,) = read([row])

    assert isinstance(record, Feature)
    assert ("Council", "Hall", "Budget", True, "2026-11-21T00:30:00+00:00") == (
        record.title,
        record.address,
        record.description,
        record.withdrawn,
        record.starts_at and record.starts_at.isoformat(),
    )


def test_a_place_is_told_with_its_address() -> None:
    """Each part of it once."""
    where = {"name": "Hall", "address": {"formattedAddress": "1 Main St"}, "venue": "Hall"}
    (record,) = read([{**MEETING, "EventLocation": where}])

    assert isinstance(record, Feature)
    assert "Hall, 1 Main St" == record.address


def test_a_meeting_is_not_lost_to_its_end() -> None:
    """An hour alone is no moment."""
    (record,) = read([{**MEETING, "EndTime": "late"}])

    assert isinstance(record, Feature)
    assert None is record.ends_at


@pytest.mark.parametrize(
    ("part", "words", "is_off"),
    [
        ("EventComment", "CANCELED", True),
        ("EventComment", "*** Meeting has been cancelled *** due to lack of a quorum", True),
        ("EventComment", "Notice of Cancellation", True),
        ("EventLocation", "-- POSTPONED --", True),
        ("EventComment", "Item 5 was cancelled; the others are heard.", False),
        ("EventComment", "The meeting is not cancelled", False),
        ("EventComment", "Cancellation of debts: a hearing", False),
        ("EventLocation", "Hall 1", False),
    ],
)
def test_a_comment_that_begins_so_calls_a_meeting_off(part: str, words: str, is_off: bool) -> None:
    """What it says of an item, it does not say of the meeting."""
    (record,) = read([{**MEETING, part: words}])

    assert isinstance(record, Feature)
    assert is_off == record.withdrawn
