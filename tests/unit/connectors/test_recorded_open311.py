"""The Open311 connector on recorded answers of real cities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.feeds.connector import Described, Feature, Malformed, Rejected
from tasks.feeds.registry import connector
from tests.support.feeds import Recording, check_recording, drive, parse, payload, recordings, source

CITY = source("open311", timezone="America/Toronto")


@pytest.mark.parametrize("recording", recordings("open311"))
def test_a_recorded_answer_is_accounted_for(recording: Recording) -> None:
    """Each request or service becomes one record; an error page is malformed."""
    if recording.fails:
        with pytest.raises(Malformed):
            parse(CITY, payload(recording.path))
        return
    records = parse(CITY, payload(recording.path))

    check_recording(recording, records)
    aside = [record for record in records if isinstance(record, Rejected)]
    assert len(aside) * 10 <= len(records)


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


def test_services_are_not_requests() -> None:
    """A list of services describes the server; none of it is stored."""
    (record,) = parse(
        CITY,
        payload(b'[{"service_code": "001", "service_name": "Cans", "metadata": true, "type": "realtime"}]'),
    )

    assert isinstance(record, Described)
