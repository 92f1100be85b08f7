"""Frames, messages and topics of the live server, without a socket."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Ping, TextMessage

from shared.accounts.rules import Role
from shared.stream.position import Position, Stored
from web.live.groups import frames_for, joined, slices
from web.live.topics import refusal
from web.live.wire import PINGS, BadMessage, close_frame, event_frame, frame, read_message

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
ME = UUID("0190a1b2-0000-7000-8000-000000000000")


def stored(number: int, *topics: str, data: str = "{}") -> Stored:
    """Return an event as it lies in the stream."""
    return Stored(Position(10, number), topics or ("city:london",), "Happened", data, AT)


def read(data: bytes) -> list[object]:
    """Read frames as a browser does."""
    page = Connection(ConnectionType.CLIENT)
    page.receive_data(data)
    return list(page.events())


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
def test_a_frame_of_any_size_is_read_back(size: int) -> None:
    """The three forms of a length, at their borders."""
    text = "x" * size

    events = read(frame(text.encode()))

    assert text == "".join(event.data for event in events if isinstance(event, TextMessage))


def test_a_close_says_why_and_cuts_a_long_reason_between_letters() -> None:
    """At most 123 bytes, and whole UTF-8."""
    (closed,) = read(close_frame(1008, "é" * 100))

    assert isinstance(closed, CloseConnection)
    assert (1008, "é" * 61) == (closed.code, closed.reason)


def test_a_ping_is_both_the_protocols_and_the_pages() -> None:
    """A browser answers the first by itself; the page sees the second."""
    ping, message = read(PINGS)

    assert isinstance(ping, Ping)
    assert isinstance(message, TextMessage)
    assert '{"type":"ping"}' == message.data


def test_an_event_carries_its_data_as_it_is_stored() -> None:
    """Not read and written again."""
    (message,) = read(event_frame(3, stored(7, data='{"ü": [1.0, null]}'), "city:london"))

    assert isinstance(message, TextMessage)
    assert (
        '{"type":"event","id":"3.10.7","topic":"city:london","name":"Happened",'
        '"data":{"ü": [1.0, null]},"at":"2026-11-22T12:00:00Z"}'
    ) == message.data


def test_events_of_other_topics_are_left_out() -> None:
    """And one of several topics comes once, under the first that is followed."""
    events = [stored(1, "city:paris"), stored(2, "city:paris", "city:london", "area:1"), stored(3)]

    (data,) = frames_for(1, events, frozenset({"city:london", "area:1"}))

    assert ["1.10.2", "1.10.3"] == [message.data.split('"')[7] for message in read(data)]  # type: ignore[attr-defined]  # text messages


def test_slices_and_joins_keep_everything_in_order() -> None:
    """However large the events are."""
    events = [stored(number, data="x" * 100_000) for number in range(20)]

    assert events == [event for some in slices(events) for event in some]
    assert 1 < len(list(slices(events)))
    assert [] == list(slices([]))
    pieces = list(joined(event.data.encode() for event in events))
    assert b"x" * 2_000_000 == b"".join(pieces)
    assert 1 < len(pieces)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "null",
        "{}",
        '{"type":1}',
        '{"type":"event"}',
        '{"type":"hello","topics":{}}',
        '{"type":"hello","topics":[1]}',
        '{"type":"hello","topics":[""]}',
        '{"type":"hello","token":1}',
        '{"type":"hello","after":5}',
        '{"type":"hello","topics":' + str(["a"] * 65).replace("'", '"') + "}",
    ],
)
def test_what_is_no_message_is_refused(text: str) -> None:
    """With a sentence."""
    with pytest.raises(BadMessage, match="must"):
        read_message(text)


@pytest.mark.parametrize(
    ("topic", "role", "is_open"),
    [
        ("city:london", None, True),
        ("city:new-york", None, True),
        ("city:", None, False),
        ("city:London", None, False),
        ("city:london\n", None, False),
        (f"area:{ME}", None, True),
        (f"report:{ME}", None, True),
        (f"job:{ME}", None, True),
        ("job:1", None, False),
        (f"user:{ME}", Role.RESIDENT, True),
        ("user:0190a1b2-0000-7000-8000-000000000001", Role.ADMIN, False),
        ("ops", None, False),
        ("ops", Role.RESIDENT, False),
        ("ops", Role.STAFF, False),
        ("ops", Role.OPS, True),
        ("ops", Role.ADMIN, True),
        ("ops:x", Role.ADMIN, False),
        ("everything", Role.ADMIN, False),
    ],
)
def test_a_topic_is_open_to_those_it_is_for(topic: str, role: Role | None, is_open: bool) -> None:
    """What is public to all, what is private to one, what is ours to a few."""
    assert is_open == (refusal(topic, role, ME if role else None) is None)
