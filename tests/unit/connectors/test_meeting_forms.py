"""Public meetings in the wrappers and with the clocks of other cities."""

from typing import Any

import orjson
import pytest

from tasks.feeds.connector import Feature, Malformed, Record, Rejected
from tasks.feeds.registry import connector
from tests.support.feeds import drive, parse, payload, source

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
        ("6.30 p.m.", "21T00:30"),
        ("6:30 P. M.", "21T00:30"),
        ("18.30 Uhr", "21T00:30"),
        ("18h30", "21T00:30"),
        ("18 h", "21T00:00"),
        ("18 Uhr", "21T00:00"),
        ("12 Noon", "20T18:00"),
        ("noon", "20T18:00"),
        ("after item 12.30.1", "20T06:00"),
        ("1830", "20T06:00"),
        ("99:99", "20T06:00"),
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


def test_the_first_of_several_places_that_can_be_read_is_where_a_meeting_is() -> None:
    """As schema.org has them, of which one may be a web address, and calendars that let an event have many."""
    hall = {"name": "Hall", "address": "1 Main St", "geo": {"latitude": 41.88, "longitude": -87.63}}
    places = [{"@type": "VirtualLocation", "url": "https://town.example/live"}, hall, {"name": "Annex"}]
    (record,) = read([{**STORIES, "location": places}])

    assert isinstance(record, Feature)
    assert "Hall, 1 Main St" == record.address
    assert {"type": "Point", "coordinates": [-87.63, 41.88]} == record.geometry


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
        ("EventLocation", "Council Chambers - CANCELLED", True),
        ("EventLocation", "Teleconference CANCELLED - Study Session", True),
        ("EventLocation", "Open Session 6:30 PM, Closed Session CANCELLED", False),
        ("EventLocation", "Museum of Cancelled Stamps", False),
        ("EventComment", "DEFERRED to December 8", True),
        ("EventComment", "Rescheduled to December 3", True),
        ("EventComment", "Rescheduled from November 13", False),
        ("EventComment", "Deferred compensation: a hearing", False),
        ("EventAgendaStatusName", "Deferred", True),
        ("EventMinutesStatusName", "Deferred", False),
        ("EventBodyName", "Deferred Compensation Board", False),
        ("EventBodyName", "Debate on cancel culture", False),
        ("EventBodyName", "ABGESAGT: Ortsbeirat", True),
        ("EventBodyName", "Conseil municipal (annulé)", True),
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


STORIES = {"title": "Story time", "start": "2026-11-20T10:00:00", "location": "North"}


@pytest.mark.parametrize(
    "pair",
    [
        [STORIES, {**STORIES, "location": "South"}],
        [{**STORIES, "id": 1}, {**STORIES, "id": "2"}],
        [{**STORIES, "id": "series"}, {**STORIES, "id": "series", "start": "2026-11-27T10:00:00"}],
    ],
)
def test_two_meetings_of_one_name_are_two(pair: list[dict[str, Any]]) -> None:
    """At one hour in two places, under two numbers, or under that of their series."""
    first, second = read(pair)

    assert first.external_id != second.external_id
    assert first.external_id == read(pair[:1])[0].external_id


def test_the_day_comes_first_where_the_list_shows_it() -> None:
    """One date that can only be read so settles the others; the option settles all."""
    rows = [
        {**MEETING, "EventId": at, "EventDate": day} for at, day in enumerate(["05/11/2026", "24/11/2026"])
    ]

    assert ["06T00:30", "25T00:30"] == [
        f"{one.starts_at:%dT%H:%M}" for one in read(rows) if isinstance(one, Feature)
    ]
    told = source("legistar", timezone="America/Chicago", day_first=True)
    (record,) = parse(told, payload(orjson.dumps(rows[:1])))
    assert isinstance(record, Feature)
    assert (11, 6) == (record.starts_at and record.starts_at.month, record.starts_at and record.starts_at.day)


@pytest.mark.parametrize(
    "document",
    [
        {"events": [{"event": {"title": "Council", "localist_url": "https://town.example/e", "event_instances": [
            {"event_instance": {"id": 2, "start": "2026-11-20T18:30:00-06:00", "end": None, "all_day": False}}]}}]},
        {"meta": {"count": 1}, "data": [{"id": "hel:1", "name": {"fi": "Valtuusto", "en": "Council"},
            "start_time": "2026-11-21T00:30:00Z", "info_url": {"fi": "https://town.example/e"}}]},
        {"data": [{"name": "Council", "start": "2026-11-20T18:30:00-06:00", "web": "x", "url": "https://town.example/e"}]},
        [{"committee": "Council", "meeting_date": "2026-11-20T00:00:00.000", "meeting_time": "6:30 PM",
            "link": "https://town.example/e"}],
    ],
    ids=["localist", "linked events", "oparl", "table"],
)  # fmt: skip
def test_the_events_of_other_services_are_read(document: Any) -> None:
    """Each names and wraps them in its own way, and speaks its own languages."""
    (record,) = read(document)

    assert isinstance(record, Feature)
    assert record.starts_at is not None
    assert ("Council", "21T00:30", "https://town.example/e") == (
        record.title, f"{record.starts_at:%dT%H:%M}", record.url,
    )  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        {"id": 2644, "title": "Council", "start_date": "2026-11-20 18:30:00", "venue": {"venue": "Hall"}, "tags": []},
        {"id": "ocd-event/1", "name": "Council", "start_date": "2026-11-21T00:30:00+00:00", "location": {"name": "Hall"}},
        [[{"Name": {"label": "Council", "url": "x"}, "Meeting Date": "11/20/2026", "Meeting Time": "6:30 PM",
            "Meeting Location": "Hall"}, None]],
    ],
    ids=["the events calendar", "open civic data", "beside its agenda"],
)  # fmt: skip
def test_one_meeting_alone_or_beside_its_agenda_is_a_meeting(document: Any) -> None:
    """As services answer for its number, and as those who read Legistar's pages write it."""
    (record,) = read(document)

    assert isinstance(record, Feature)
    assert record.starts_at is not None
    assert ("Council", "Hall", "21T00:30") == (record.title, record.address, f"{record.starts_at:%dT%H:%M}")


def test_a_meeting_without_a_name_is_named_by_what_is_said_first_of_it() -> None:
    """Some lists have a person's name and a text with markup only."""
    said = "<div>\r\n<div>Board Meeting</div>\r\n<div>Room 5</div></div>"
    (record,) = read([{"FullName": "J. Doe", "StartDateTime": "11/20/2026 6:30:00 PM", "Description": said}])

    assert isinstance(record, Feature)
    assert "Board Meeting" == record.title


@pytest.mark.parametrize(
    ("said", "is_off"), [("Yes", True), ("Y", True), ("Cancelled", True), ("", False), ("N", False)]
)
def test_a_meeting_is_said_to_be_called_off_in_words(said: str, is_off: bool) -> None:
    """A column of its own has not only true and false."""
    (record,) = read([{**MEETING, "Cancelled": said}])

    assert isinstance(record, Feature)
    assert is_off == record.withdrawn


@pytest.mark.parametrize(
    "document",
    [
        {"data": {"meetings": [{"id": "1", "title": "Council", "start": "2026-11-21T00:30:00.000Z", "events": []}]}},
        {"eventFeedItemList": [{"eventTitle": "Council", "start": "2026-11-20T18:30:00.000", "canceledEvent": "false"}]},
        {"id": "1", "title": "Council", "start": "2026-11-21T00:30:00Z", "items": []},
    ],
    ids=["within data", "a list of its own name", "alone with an empty list"],
)  # fmt: skip
def test_meetings_are_found_under_names_nobody_knows(document: Any) -> None:
    """By what they look like."""
    (record,) = read(document)

    assert isinstance(record, Feature)
    assert record.starts_at is not None
    assert ("Council", "21T00:30", False) == (record.title, f"{record.starts_at:%dT%H:%M}", record.withdrawn)


@pytest.mark.parametrize(
    "document", [{"a": [1]}, {"a": [{"name": "x"}]}, {"data": {"html": "<tr>"}}, {"data": 3}, {}]
)
def test_lists_of_other_things_are_no_meetings(document: Any) -> None:
    """Nor is markup within JSON."""
    with pytest.raises(Malformed):
        read(document)


@pytest.mark.parametrize(
    ("told", "utc"),
    [
        ({"start": {"date": "2026-11-20", "time": "18:30:00", "note": ""}}, "21T00:30"),
        ({"start": {"date": "2026-11-20", "time": None}}, "20T06:00"),
        ({"start": "2026-11-20T18:30:00", "timezone": "America/New_York"}, "20T23:30"),
        ({"start": {"dateTime": "2026-11-20T18:30:00.0000000", "timeZone": "UTC"}}, "20T18:30"),
        ({"start": {"dateTime": "2026-11-20T18:30:00", "timeZone": "Central Standard Time"}}, "21T00:30"),
        ({"start": "2026-11-20T18:30:00Z", "timezone": "America/New_York"}, "20T18:30"),
        ({"start_time": 1795221000}, "21T00:30"),
        ({"time": 1795221000000}, "21T00:30"),
    ],
)
def test_a_beginning_may_be_told_in_parts_in_a_zone_or_as_a_number(told: dict[str, Any], utc: str) -> None:
    """A zone of its own holds for a clock that names no offset; one that nobody knows is the city's."""
    (record,) = read([{"title": "Council", **told}])

    assert isinstance(record, Feature)
    assert utc == f"{record.starts_at:%dT%H:%M}"


def test_an_end_whose_hour_is_not_known_is_none() -> None:
    """It would be midnight, before the meeting began."""
    end = {"date": "2026-11-20", "time": None}
    (record,) = read([{"title": "Council", "start": {"date": "2026-11-20", "time": "18:30:00"}, "end": end}])

    assert isinstance(record, Feature)
    assert record.ends_at is None


def test_every_list_of_meetings_is_read() -> None:
    """Calendars list those to come apart from those that were."""
    told = {"title": "Council", "startDate": 1795176000000}
    records = read({"website": {}, "upcoming": [told], "past": [{**told, "startDate": 1695176000000}]})

    assert ["payload#0", "payload#1"] == [record.record for record in records]
    assert [2026, 2023] == [
        one.starts_at.year for one in records if isinstance(one, Feature) and one.starts_at
    ]


def test_a_meeting_may_lie_within_its_attributes() -> None:
    """As JSON:API has it, which the content systems of cities speak."""
    inside = {"title": "Council", "start": "2026-11-20T18:30:00-06:00", "location": "N/A"}
    (record,) = read({"data": [{"type": "node--event", "id": "5c", "attributes": inside}]})

    assert isinstance(record, Feature)
    assert ("Council", None) == (record.title, record.address)


TRIBE = {
    "id": 10,
    "title": "Jazz &#8211; Night",
    "url": "https://town.example/event/jazz/",
    "start_date": "2026-11-20 19:00:00",
    "end_date": "2026-11-20 21:00:00",
    "utc_start_date": "2026-11-21 01:00:00",
    "utc_end_date": "2026-11-21 03:00:00",
    "timezone": "UTC-6",
    "venue": {"venue": "Hall", "address": "1 Main St", "geo_lat": 41.88, "geo_lng": -87.63},
}


def test_an_event_of_a_zone_without_a_name_is_read_in_utc() -> None:
    """The Events Calendar tells its times in UTC too, and where the zone is an offset only those are sure."""
    (record,) = parse(
        source("legistar", timezone="Europe/London"), payload(orjson.dumps({"events": [TRIBE], "total": 1}))
    )

    assert isinstance(record, Feature)
    assert ("Jazz – Night", "Hall, 1 Main St") == (record.title, record.address)
    assert ["21T01:00", "21T03:00"] == [
        f"{one:%dT%H:%M}" for one in (record.starts_at, record.ends_at) if one
    ]


@pytest.mark.parametrize(
    "where",
    [
        {"venue": {"venue": "Hall", "geo_lat": "41.88", "geo_lng": "-87.63"}},
        {"geo": {"latitude": "41.88", "longitude": "-87.63"}},
        {"location": {"name": "Hall", "position": {"type": "Point", "coordinates": [-87.63, 41.88]}}},
        {
            "location": {
                "name": "Hall",
                "geo": {"@type": "GeoCoordinates", "latitude": 41.88, "longitude": -87.63},
            }
        },
        {"location_lat": "41.88", "location_lon": "-87.63"},
        {"latitude": 41.88, "longitude": -87.63},
    ],
)
def test_a_meeting_is_where_it_says(where: dict[str, Any]) -> None:
    """Itself, or what tells of its place."""
    (record,) = read([{**STORIES, **where}])

    assert isinstance(record, Feature)
    assert {"type": "Point", "coordinates": [-87.63, 41.88]} == record.geometry


@pytest.mark.parametrize("where", [{"latitude": 999, "longitude": "x"}, {"latitude": 0, "longitude": 0}, {}])
def test_a_place_that_is_none_costs_no_meeting(where: dict[str, Any]) -> None:
    """It is not known then."""
    (record,) = read([{**STORIES, **where}])

    assert isinstance(record, Feature)
    assert None is record.geometry


def test_events_may_stand_under_their_ids() -> None:
    """As EventON writes them, in seconds since 1970."""
    told = {"name": "Market", "start": "1795168800", "end": 1795176000, "location_name": "Square"}
    records = read({"events": {"12": told, "13": told}})

    assert 2 == len({one.external_id for one in records if isinstance(one, Feature)})
    assert isinstance(records[0], Feature)
    assert ("20T10:00", "Square") == (f"{records[0].starts_at:%dT%H:%M}", records[0].address)


@pytest.mark.parametrize(
    ("told", "utc"),
    [
        ({"EventDate": "/Date(1795132800000)/", "EventTime": "6:30 PM"}, "21T00:30"),
        ({"EventDate": "/Date(1795132800000+0000)/", "EventTime": None}, "20T06:00"),
        ({"EventDate": "/Date(1795199400000-0600)/", "EventTime": None}, "20T18:30"),
    ],
)
def test_a_moment_of_old_odata_is_read(told: dict[str, Any], utc: str) -> None:
    """Its midnight is a day, of which another part tells the hour."""
    (record,) = read({"d": {"results": [{**MEETING, **told}]}})

    assert isinstance(record, Feature)
    assert utc == f"{record.starts_at:%dT%H:%M}"


URL = "https://town.example/api/events"


@pytest.mark.parametrize(
    "telling",
    [
        {"next_rest_url": f"{URL}?page=2"},
        {"@odata.nextLink": "events?page=2"},
        {"links": {"next": {"href": "http://town.example/api/events?page=2"}}},
        {"meta": {"next": f"{URL}?page=2", "count": 2}},
    ],
)
def test_the_next_page_is_read_where_the_answer_names_it(telling: dict[str, Any]) -> None:
    """Ten events are all that The Events Calendar answers at once."""
    last = {"events": [{**TRIBE, "id": 11}], "meta": {"next": None}}
    answers = {URL: orjson.dumps({"events": [TRIBE], **telling}), f"{URL}?page=2": orjson.dumps(last)}
    driven = drive(connector("legistar").plan(source("legistar", URL)), answers)

    assert ["meetings", "meetings-2"] == [one.name for one in driven.payloads]
    assert 2 == len(parse(source("legistar", URL), *driven.payloads))


def test_a_page_of_another_host_is_not_asked_for() -> None:
    """A key may go with the question."""
    answers = {URL: orjson.dumps({"events": [TRIBE], "next": "https://elsewhere.example/?page=2"})}

    assert 1 == len(drive(connector("legistar").plan(source("legistar", URL)), answers).payloads)


def test_a_key_that_an_answer_repeats_is_no_part_of_the_next_address() -> None:
    """Addresses are stored; the key goes with each question anyway."""
    feed = source("legistar", URL, credential_query="token")
    answers = {URL: orjson.dumps({"events": [TRIBE], "next": f"{URL}?page=2&token=secret&q=a%20b&tag="})}
    answers[f"{URL}?page=2&q=a%20b&tag="] = orjson.dumps({"events": []})

    assert 2 == len(drive(connector("legistar").plan(feed), answers).payloads)


def test_a_list_of_more_pages_than_are_read_says_so() -> None:
    """Nobody knows how many meetings the others have."""
    feed = source("legistar", URL)
    answers = {
        URL if page == 1 else f"{URL}?page={page}": orjson.dumps(
            {"events": [{**TRIBE, "id": page}], "next": f"{URL}?page={page + 1}"}
        )
        for page in range(1, 12)
    }
    *meetings, last = parse(feed, *drive(connector("legistar").plan(feed), answers).payloads)

    assert 10 == sum(isinstance(one, Feature) for one in meetings)
    assert isinstance(last, Rejected)
    assert ("meetings-11#0", "not_read") == (last.record, last.reason)


def test_a_full_page_of_legistar_is_followed_by_the_next() -> None:
    """The API answers a thousand at once, and does not say that there are more."""
    url = f"{URL}?$filter=EventDate+ge+datetime'2026-11-01'"
    second = f"{URL}?$filter=EventDate+ge+datetime%272026-11-01%27&$skip=1000"
    answers = {url: orjson.dumps([MEETING] * 1000), second: orjson.dumps([MEETING])}
    driven = drive(connector("legistar").plan(source("legistar", url)), answers)

    assert [url, second] == [one.url for one in driven.requests]


def test_a_list_that_was_asked_for_so_long_is_whole() -> None:
    """Whoever names the length wants no more."""
    url = f"{URL}?$top=1000"
    answers = {url: orjson.dumps([MEETING] * 1000)}

    assert 1 == len(drive(connector("legistar").plan(source("legistar", url)), answers).requests)


def test_a_page_in_the_place_of_json_is_named() -> None:
    """As one in the place of XML."""
    with pytest.raises(Malformed, match=r"meetings: an HTML page \(Moved\)"):
        parse(source("legistar"), payload(b"<HTML><head><title>Moved</title>", "meetings"))


def test_an_event_that_is_named_across_sites_stays_the_same_when_it_moves() -> None:
    """The Events Calendar tells such an id; the old day is not shown beside the new one."""
    told = {**TRIBE, "global_id": "town.example?id=10"}
    found = read({"events": [told, {**told, "title": "Later", "utc_start_date": "2026-11-28 01:00:00"}]})

    assert ["town.example?id=10"] * 2 == [one.external_id for one in found if isinstance(one, Feature)]


CLERK = {
    "id": 569,
    "eventName": "Council Work Session",
    "eventDescription": "<p>Budget</p>",
    "eventDate": "2026-12-02T18:00:00Z",
    "startDateTime": "2026-12-02T18:00:00Z",
    "endDateTime": "2026-12-02T20:00:00Z",
    "isDeleted": False,
    "eventLocation": {"name": "", "address1": "745 Forest Pkwy", "city": "Forest Park", "state": "GA"},
    "publishedFiles": [],
}


def test_civicclerk_tells_the_clock_of_the_city() -> None:
    """The council meets at six, whatever the Z behind it says; its number stays when it is moved."""
    moved = CLERK | {"startDateTime": "2026-12-03T18:00:00Z"}
    first, second = read(
        {"@odata.context": "https://town.api.civicclerk.com/v1/$metadata", "value": [CLERK, moved]}
    )

    assert isinstance(first, Feature)
    assert isinstance(second, Feature)
    assert ("03T00:00", "03T02:00") == tuple(
        f"{one:%dT%H:%M}" for one in (first.starts_at, first.ends_at) if one
    )
    assert ("569", "569") == (first.external_id, second.external_id)
    assert ("Budget", "745 Forest Pkwy, Forest Park") == (first.description, first.address)


@pytest.mark.parametrize("unsaid", ["publishedFiles", "isDeleted"])
def test_civicclerk_is_known_without_some_parts(unsaid: str) -> None:
    """Who asks for some parts alone is answered without the others."""
    (record,) = read({"value": [{name: said for name, said in CLERK.items() if name != unsaid}]})

    assert isinstance(record, Feature)
    assert ("569", "03T00:00") == (record.external_id, f"{record.starts_at:%dT%H:%M}")


def test_a_meeting_without_a_name_is_called_as_its_agenda_is() -> None:
    """CivicClerk tells both, and some boards fill in the second alone."""
    (record,) = read({"value": [CLERK | {"eventName": None, "agendaName": "Budget Workshop"}]})

    assert isinstance(record, Feature)
    assert "Budget Workshop" == record.title


def test_a_deleted_meeting_of_civicclerk_is_withdrawn() -> None:
    """It stays in the list, and has no end that any calendar knows."""
    (record,) = read({"value": [CLERK | {"isDeleted": True, "endDateTime": "0001-01-01T00:00:00Z"}]})

    assert isinstance(record, Feature)
    assert (True, None) == (record.withdrawn, record.ends_at)


@pytest.mark.parametrize("end", ["2026-11-20T18:30:00", "2026-11-20T17:00:00"])
def test_an_end_that_does_not_come_after_the_beginning_is_none(end: str) -> None:
    """Forms ask for one, and whoever knows none writes the beginning again."""
    (record,) = read([{"name": "Board", "start": "2026-11-20T18:30:00", "end": end}])

    assert isinstance(record, Feature)
    assert record.ends_at is None


RECESS = {"Id": 77657, "EventID": 45463, "Title": "Spring Recess", "AllDay": True, "NoEndTime": 0}


def test_the_days_of_a_series_are_told_apart() -> None:
    """Blackboard's calendars give them one EventID, and each an Id of its own that stays when it is moved."""
    days = [RECESS | {"Start": "2026-03-11T00:00:00"}, RECESS | {"Id": 77658, "Start": "2026-03-12T00:00:00"}]
    found = read([*days, days[0] | {"Start": "2026-03-13T00:00:00"}])

    assert ["45463-77657", "45463-77658", "45463-77657"] == [
        one.external_id for one in found if isinstance(one, Feature)
    ]


def test_an_event_that_is_said_to_have_no_end_has_none() -> None:
    """Blackboard writes the last second of the day there."""
    told = {"Id": 81850, "EventID": 47802, "Title": "Board", "Start": "2026-01-22T18:00:00"}
    (record,) = read([told | {"End": "2026-01-22T23:59:59", "NoEndTime": 1}])

    assert isinstance(record, Feature)
    assert record.ends_at is None


def test_eventon_counts_the_clock_of_the_city() -> None:
    """What it counts as ten o'clock is ten o'clock in Chicago."""
    told = {"event_id": 4969, "event_title": "Committee", "event_start_unix": "1568368800"}
    (record,) = read({"status": "GOOD", "eventList": [told | {"event_end_unix": 1568372400}]})

    assert isinstance(record, Feature)
    assert ("13T15:00", "13T16:00") == tuple(
        f"{one:%dT%H:%M}" for one in (record.starts_at, record.ends_at) if one
    )


def test_an_event_of_a_wix_site_is_read() -> None:
    """Its times and its page stand in objects of their own."""
    told = {
        "id": "28032a24",
        "title": "Authority Board",
        "status": "UPCOMING",
        "dateAndTimeSettings": {
            "startDate": "2026-06-23T21:00:00Z",
            "endDate": "2026-06-23T22:00:00Z",
            "timeZoneId": "America/Detroit",
        },
        "location": {"name": "Hall 1", "address": {"formattedAddress": "150 Main St, Springfield"}},
        "eventPageUrl": {"base": "https://board.example", "path": "/event-details/board"},
    }
    first, second = read({"events": [told, told | {"id": "2", "status": "CANCELED", "eventPageUrl": None}]})

    assert isinstance(first, Feature)
    assert isinstance(second, Feature)
    assert ("23T21:00", "23T22:00") == tuple(
        f"{one:%dT%H:%M}" for one in (first.starts_at, first.ends_at) if one
    )
    assert ("https://board.example/event-details/board", None) == (first.url, second.url)
    assert ("Hall 1, 150 Main St, Springfield", True) == (first.address, second.withdrawn)


def test_a_school_board_of_simbli_is_read() -> None:
    """Its names begin with those of its tables, and its date is told once more in a form for people."""
    (record,) = read(
        [
            {
                "Master_MeetingID": 118780,
                "MM_MeetingTitle": "Audit Committee",
                "MM_DateTime": "2026-07-11T13:00:00",
                "MM_Address1": "Board Room",
                "MM_Address2": "1701 Mountain Blvd",
                "DateTime": "07/11/2026 - 01:00 PM",
            }
        ]
    )

    assert isinstance(record, Feature)
    assert ("118780", "Audit Committee", "Board Room, 1701 Mountain Blvd") == (
        record.external_id,
        record.title,
        record.address,
    )
    assert "11T18:00" == f"{record.starts_at:%dT%H:%M}"


@pytest.mark.parametrize(
    ("where", "address"),
    [
        (
            {"Location": "Room 333, City Hall", "Address": "350 S. 5th St."},
            "Room 333, City Hall, 350 S. 5th St.",
        ),
        ({"location": "City Hall, 350 S. 5th St.", "address": "350 s. 5th st."}, "City Hall, 350 S. 5th St."),
        ({"location_name": "N/A", "location_address": "Board Room"}, "Board Room"),
        (
            {
                "physicalList": [
                    {"locationName": "Office", "streetLineOne": "555 W. Monroe", "city": "Chicago"}
                ]
            },
            "Office, 555 W. Monroe, Chicago",
        ),
    ],
)
def test_a_room_is_told_with_its_street(where: dict[str, Any], address: str) -> None:
    """A room alone finds nobody, and what is said twice is told once."""
    (record,) = read([{"title": "Board", "start": "2026-11-20T18:00:00", **where}])

    assert isinstance(record, Feature)
    assert address == record.address


def test_a_meeting_of_boarddocs_is_read() -> None:
    """It tells no more than its name and the digits of its day."""
    (record,) = read(
        [{"unique": "CT23", "name": "Regular Meeting", "numberdate": "20261119", "unid": "50D6"}]
    )

    assert isinstance(record, Feature)
    assert ("50D6", "19T06:00") == (record.external_id, f"{record.starts_at:%dT%H:%M}")


@pytest.mark.parametrize(("kind", "withdrawn"), [("Regular", False), ("Canceled", True)])
def test_a_board_of_an_open_meetings_register_is_read(kind: str, *, withdrawn: bool) -> None:
    """It says in the kind of a meeting whether it is held."""
    row = {
        "Board_Name": "Audit Committee",
        "Meeting_Date": "11/19/2026",
        "Meeting_Time": "11:30AM",
        "Meeting_Type": kind,
        "Meeting_Event_ID": 4711,
    }
    (record,) = read([row])

    assert isinstance(record, Feature)
    assert ("4711", "Audit Committee", withdrawn) == (record.external_id, record.title, record.withdrawn)
    assert "19T17:30" == f"{record.starts_at:%dT%H:%M}"


@pytest.mark.parametrize(
    ("title", "withdrawn"),
    [
        ("Board Meetings - NO MEETING - Dec 31 2026", True),
        ("Board Meetings - NO MEETING", True),
        ("Casino Meeting", False),
    ],
)
def test_a_day_without_a_meeting_is_none(title: str, *, withdrawn: bool) -> None:
    """The calendar has a day for it all the same."""
    (record,) = read([{"title": title, "start": "2026-11-20T18:00:00"}])

    assert isinstance(record, Feature)
    assert withdrawn == record.withdrawn


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        ("6:30 PM", "8:00 PM", "21T02:00"),
        ("18:30", "20:00:00", "21T02:00"),
        ("6:30 PM", "8 p.m.", "21T02:00"),
        ("6:30 PM", "1:00 AM", None),
        ("TBD", "8:00 PM", None),
        ("6:30 PM", "after the vote", None),
    ],
)
def test_an_end_may_be_an_hour_of_the_day_on_which_a_meeting_begins(
    begins: str, ends: str, expected: str | None
) -> None:
    """If both are known, and in their order."""
    (record,) = read([{"name": "Board", "date": "2026-11-20", "start_time": begins, "end_time": ends}])

    assert isinstance(record, Feature)
    assert expected == (f"{record.ends_at:%dT%H:%M}" if record.ends_at else None)
