"""The Open311 connector on recorded answers of real cities."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.feeds.connector import Described, Feature, Malformed, Rejected
from tasks.feeds.registry import connector
from tests.support.feeds import Recording, check_recording, drive, parse, payload, recordings, run, source

CITY = source("open311", timezone="America/Toronto")


@pytest.mark.parametrize("recording", recordings("open311"))
def test_a_recorded_answer_is_accounted_for(recording: Recording) -> None:
    """Each request or service becomes one record; an error page is malformed."""
    if recording.ends_badly:
        with pytest.raises(Malformed):
            parse(CITY, payload(recording.path))
        return
    records = parse(CITY, payload(recording.path))

    check_recording(recording, records)
    # What has a token alone is a request that nobody can follow yet.
    aside = [one for one in records if isinstance(one, Rejected) and one.reason != "no_identity"]
    assert len(aside) <= max(1, len(records) / 10)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_requests_or_malformed(content: bytes) -> None:
    """Nothing but Malformed comes out of a payload that is none."""
    for sent in (
        content,
        b"[" + content,
        b"<service_requests>" + content,
        b"<service_requests>" + content + b"</service_requests>",
    ):
        try:
            records = parse(CITY, payload(sent))
        except Malformed:
            continue
        assert all(isinstance(record, Feature | Rejected | Described) for record in records)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'[{"code": 403, "description": "Invalid api_key"}]', "Invalid api_key"),
        (
            b"<errors><error><code>404</code><description>No such service</description></error></errors>",
            "No such service",
        ),
        (
            b"<service_requests><error><code>404</code><description>None found</description></error></service_requests>",
            "404 None found",
        ),
        (b'{"message": "Service unavailable"}', "Service unavailable"),
        (
            b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><service_requests>&e;</service_requests>',
            "document type",
        ),
        (b"3", "not XML"),
    ],
)
def test_an_error_of_the_server_is_told_in_its_words(content: bytes, said: str) -> None:
    """An admin reads what the city said."""
    with pytest.raises(Malformed, match=said):
        parse(CITY, payload(content))


def test_a_server_that_repeats_its_last_page_ends_the_run() -> None:
    """Past the end a page must be empty; some servers send the last one again."""
    page = b'[{"service_request_id": "1"}, {"service_request_id": "2"}]'
    feed = source("open311", "https://city.example/v2", page_size=2)
    driven = drive(connector("open311").plan(feed), {"https://city.example/v2/requests.json": page})

    assert 2 == len(driven.requests)


@pytest.mark.parametrize(("last", "left"), [(["5", "6"], ["not_read"]), (["5"], []), (["3", "4"], [])])
def test_a_list_of_more_pages_than_are_read_says_so(last: list[str], left: list[str]) -> None:
    """A last page that is full, and none that was sent before, is followed by others."""
    feed = source("open311", "https://city.example/v2", page_size=2, max_pages=3)
    pages = {
        f"https://city.example/v2/requests.json?page={number}&page_size=2": orjson.dumps(
            [{**REQUEST, "service_request_id": id_} for id_ in ids]
        )
        for number, ids in enumerate([["1", "2"], ["3", "4"], last], start=1)
    }
    records, _ = run(feed, pages)

    assert left == [one.reason for one in records if isinstance(one, Rejected)]


def test_services_are_not_requests() -> None:
    """A list of services describes the server; none of it is stored."""
    (record,) = parse(
        CITY,
        payload(b'[{"service_code": "001", "service_name": "Cans", "metadata": true, "type": "realtime"}]'),
    )

    assert isinstance(record, Described)


REQUEST = {"service_request_id": "7", "status": "OPEN", "lat": "41.1", "long": "-71.2"}


@pytest.mark.parametrize(
    "document",
    [
        REQUEST,
        {"requests": [REQUEST]},
        {"service_requests": {"request": [REQUEST]}},
        {"service_requests": {"request": REQUEST}},
        {"service_requests": REQUEST},
        {"requests": [{"request": [{name: [text] for name, text in REQUEST.items()}]}]},
        {"requests": [{"request": [REQUEST | {"service_request_id": [7], "lat": [41.1], "long": [-71.2]}]}]},
        {"count": 1, "next": None, "results": [REQUEST]},
        {"data": [REQUEST]},
    ],
)
def test_requests_are_found_in_every_wrapper(document: Any) -> None:
    """Servers that turn their XML into JSON nest the rows once more; a single one is no list, or all are lists of one."""
    assert parse(CITY, payload(orjson.dumps([REQUEST]))) == parse(CITY, payload(orjson.dumps(document)))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"changeset": "2026-01-01", "endpoints": [{"url": "https://city.example/v2"}]}, 1),
        ({"service_code": "006", "service_name": "Cans"}, 1),
        ({"services": {"service": [{"service_code": "006"}, {"service_code": "007"}]}}, 2),
        ([{"service_code": "006", "service_name": "Cans", "status": "active"}], 1),
        ({"services": []}, 0),
        ({"services": None}, 0),
    ],
)
def test_what_describes_the_server_is_counted(document: Any, expected: int) -> None:
    """The discovery, a service by itself, and services that are told to be active are no requests."""
    records = parse(CITY, payload(orjson.dumps(document)))

    assert [Described] * expected == [type(record) for record in records]


@pytest.mark.parametrize("said", ["oops", 3, True])
def test_a_wrapper_around_nothing_of_a_row_is_malformed(said: object) -> None:
    """A word in the place of requests is no answer."""
    with pytest.raises(Malformed):
        parse(CITY, payload(orjson.dumps({"requests": said})))


def test_one_request_may_be_the_whole_of_an_xml_answer() -> None:
    """Some servers answer a question for one request with it alone."""
    content = b"<request><service_request_id>7</service_request_id><status>open</status></request>"
    (record,) = parse(CITY, payload(content))

    assert isinstance(record, Feature)
    assert "7" == record.external_id


@pytest.mark.parametrize("told", [{"lat": "null", "long": "null"}, {"lat": "NaN", "long": ""}, {}])
def test_a_place_that_is_said_to_be_none_is_none(told: dict[str, str]) -> None:
    """Null as a word is no place, and no reason to lose the request."""
    (record,) = parse(CITY, payload(orjson.dumps([{"service_request_id": "7", **told}])))

    assert isinstance(record, Feature)
    assert record.geometry is None


@pytest.mark.parametrize("word", ["true", "null", "as soon as possible", "2026-13-45"])
def test_a_request_is_not_lost_to_a_time_it_can_do_without(word: str) -> None:
    """Dumps have words where a request changed, or is to be done; when it was made must be read."""
    told = {
        "requested_datetime": "2026-11-15 01:05:25.727",
        "updated_datetime": word,
        "expected_datetime": word,
    }
    (record,) = parse(CITY, payload(orjson.dumps([{"service_request_id": 7, "status": "Closed", **told}])))

    assert isinstance(record, Feature)
    assert ("2026-11-15T06:05:25.727000+00:00", None) == (
        str(record.starts_at).replace(" ", "T"),
        record.ends_at,
    )
    assert "expected_datetime" not in record.properties


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Fixed", "closed"),
        ("Cerrado", "closed"),
        ("Terminé", "closed"),
        ("in_progress", "open"),
        ("null", "open"),
    ],
)
def test_a_status_is_open_or_closed_in_any_language(said: str, status: str) -> None:
    """Servers send words of their own beside those of the standard."""
    (record,) = parse(CITY, payload(orjson.dumps([{"service_request_id": "7", "status": said}])))

    assert isinstance(record, Feature)
    assert status == record.status


def test_null_as_a_word_is_kept_nowhere() -> None:
    """Neither as a postcode nor as an address."""
    told = {"service_request_id": "7", "zipcode": "null", "address": "NULL", "description": "None"}
    (record,) = parse(CITY, payload(orjson.dumps([told])))

    assert isinstance(record, Feature)
    assert ({}, None, None) == (record.properties, record.address, record.description)


RECIPIENTS = (
    b"<agency_responsible><recipient>Roads</recipient> <recipient>Oslo</recipient></agency_responsible>"
)


@pytest.mark.parametrize(
    "content",
    [
        b'[{"service_request_id": 7, "agency_responsible": {"recipient": ["Roads", "Oslo"]}}]',
        b'[{"service_request_id": 7, "agency_responsible": [{"recipient": ["Roads", "Oslo"]}]}]',
        b"<requests><request><service_request_id>7</service_request_id>%s</request></requests>" % RECIPIENTS,
    ],
    ids=["json", "json of lists", "xml"],
)
def test_several_agencies_may_be_responsible(content: bytes) -> None:
    """A report over a border of councils goes to both."""
    (record,) = parse(CITY, payload(content))

    assert isinstance(record, Feature)
    assert "Roads; Oslo" == record.properties["agency_responsible"]


@pytest.mark.parametrize(
    "content",
    [
        b"cb(%s);",
        b" /**/ jQuery.cb_1 (%s)",
        b'{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "Point",'
        b' "coordinates": [-71.2, 41.1]}, "properties": {"service_request_id": "7", "status": "OPEN"}}]}',
    ],
    ids=["script", "script of a library", "geojson"],
)
def test_requests_are_read_from_a_script_and_from_geojson(content: bytes) -> None:
    """Some servers answer every client as they answer a page of theirs."""
    expected = parse(CITY, payload(orjson.dumps([REQUEST])))

    assert expected == parse(
        CITY, payload(content % orjson.dumps([REQUEST]) if b"%s" in content else content)
    )


def test_the_day_comes_first_where_the_answer_shows_it() -> None:
    """One date that can only be read so settles the others."""
    days = ["05/11/2026 10:00", "24/11/2026 10:00"]
    rows = [{"service_request_id": str(at), "requested_datetime": day} for at, day in enumerate(days)]
    found = [record for record in parse(CITY, payload(orjson.dumps(rows))) if isinstance(record, Feature)]

    assert ["05", "24"] == [f"{record.starts_at:%d}" for record in found]


@pytest.mark.parametrize(
    ("told", "media"),
    [
        ({"media_url": " https://city.example/1.jpg "}, "https://city.example/1.jpg"),
        ({"media_url": {"url": "https://city.example/1.jpg", "description": "front"}}, "https://city.example/1.jpg"),
        (
            {"media_url": [{"url": "https://city.example/1.jpg"}, "https://city.example/2.jpg"]},
            "https://city.example/1.jpg; https://city.example/2.jpg",
        ),
        ({"extended_attributes": {"media_urls": ["https://city.example/1.jpg"]}}, "https://city.example/1.jpg"),
        ({"media_url": "https://city.example/1.jpg", "media_urls": ["https://city.example/1.jpg"]}, "https://city.example/1.jpg"),
        (
            {"media_url": "https://city.example/1.jpg, https://city.example/2.jpg?at=1,2"},
            "https://city.example/1.jpg; https://city.example/2.jpg?at=1,2",
        ),
        ({"media_url": "javascript:alert(1)"}, None),
        ({"media_url": ["", None, 7]}, None),
    ],
)  # fmt: skip
def test_pictures_are_links_in_every_form(told: dict[str, Any], media: str | None) -> None:
    """Extensions have several of them; none leads anywhere but to the web."""
    (record,) = parse(CITY, payload(orjson.dumps([REQUEST | told])))

    assert isinstance(record, Feature)
    assert media == record.properties.get("media_url")


@pytest.mark.parametrize("told", [{"title": "Kuoppa"}, {"extended_attributes": {"title": "Kuoppa"}}])
def test_a_request_of_a_service_without_a_name_has_the_title_of_its_report(told: dict[str, Any]) -> None:
    """Servers tell one of their own; Helsinki's are in its extension."""
    (record,) = parse(CITY, payload(orjson.dumps([REQUEST | told])))

    assert isinstance(record, Feature)
    assert "Kuoppa" == record.title


@pytest.mark.parametrize(("description", "title"), [("Kuoppa\nkadulla", "Kuoppa"), ("", "Service request")])
def test_a_request_without_any_title_is_called_by_its_first_line(description: str, title: str) -> None:
    """Some servers tell the number of a service alone."""
    (record,) = parse(CITY, payload(orjson.dumps([REQUEST | {"description": description}])))

    assert isinstance(record, Feature)
    assert title == record.title


def test_markup_in_a_request_is_no_text() -> None:
    """Cities answer with what their editors wrote; `x < 3 m` is none."""
    told = {
        "service_name": "Potholes &amp; roads",
        "description": "Deep &amp; wide, x < 3 m",
        "status_notes": "<p>Filled on <b>Monday</b>.</p>",
    }
    (record,) = parse(CITY, payload(orjson.dumps([REQUEST | told])))

    assert isinstance(record, Feature)
    assert ("Potholes & roads", "Potholes & roads", "Deep & wide, x < 3 m") == (
        record.title, record.category, record.description
    )  # fmt: skip
    assert "Filled on Monday." == record.properties["status_notes"]


def test_an_extension_is_read_of_xml_too() -> None:
    """The same title and pictures as in JSON, however many there are."""
    picture = b"<media_urls><media_url>https://city.example/1.jpg</media_url></media_urls>"
    content = b"<requests><request><service_request_id>7</service_request_id>%s</request></requests>"
    extension = b"<extended_attributes><title>Kuoppa</title>%s</extended_attributes>" % picture
    (record,) = parse(CITY, payload(content % extension))

    assert isinstance(record, Feature)
    assert ("Kuoppa", "https://city.example/1.jpg") == (record.title, record.properties["media_url"])


def test_what_a_server_calls_otherwise_is_read() -> None:
    """Mark-a-Spot (Cologne, Bonn) tells an address as requests are sent, and what was last done in one note."""
    told = {"address_string": "50676 Cologne, Bachemstr. 4", "status_note": "Collected"}
    (record,) = parse(CITY, payload(orjson.dumps([REQUEST | told])))

    assert isinstance(record, Feature)
    assert "50676 Cologne, Bachemstr. 4" == record.address
    assert "Collected" == record.properties["status_notes"]
