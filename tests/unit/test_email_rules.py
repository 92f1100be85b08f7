"""What to do with a mail by the state it was left in, and what an answer of the provider means."""

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.error import URLError

import pytest

from shared.clock import utcnow
from shared.email.rules import Move, next_move, seconds_to_wait
from shared.errors import Permanent, Transient
from tasks.email.sender import Fault, Unsure, broken_call, refusal, retry_after

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "claimed_minutes_ago", "when_unsure", "expected"),
    [
        ("pending", None, "hold", Move.SEND),
        ("sending", 1, "hold", Move.WAIT),
        ("sending", 1, "resend", Move.WAIT),
        ("sending", 5, "hold", Move.HOLD),
        ("sending", 5, "resend", Move.SEND),
        ("held", 60, "hold", Move.SEND),
        ("failed", 60, "hold", Move.SEND),
        ("sent", 1, "resend", Move.LEAVE),
        ("delivered", 1, "resend", Move.LEAVE),
        ("bounced", 1, "resend", Move.LEAVE),
        ("dropped", 1, "resend", Move.LEAVE),
    ],
)
def test_the_next_move_follows_from_the_state(
    state: str, claimed_minutes_ago: int | None, when_unsure: str, expected: Move
) -> None:
    """Only a mail in doubt waits; only one whose double is worse is held."""
    claimed = None if claimed_minutes_ago is None else NOW - timedelta(minutes=claimed_minutes_ago)

    assert expected == next_move(state, claimed, when_unsure, NOW)


def test_the_wait_ends_five_minutes_after_the_intent() -> None:
    """Never less than nothing."""
    assert 240 == seconds_to_wait(NOW - timedelta(minutes=1), NOW)
    assert 0 == seconds_to_wait(NOW - timedelta(hours=1), NOW)


@pytest.mark.parametrize(
    ("status", "family"),
    [
        (400, Permanent),
        (401, Permanent),
        (403, Permanent),
        (413, Permanent),
        (408, Transient),
        (429, Transient),
    ]
    + [(status, Fault) for status in (500, 501, 502, 503, 504)],
)
def test_an_answer_is_final_or_not(status: int, family: type[Exception]) -> None:
    """An answer always says that the mail was not taken: none of these is in doubt."""
    error = refusal(status, {}, b'{"errors":[{"message":"no\nway"}]}')

    assert family is type(error)
    assert f"HTTP {status}" in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("error", "family"),
    [
        (URLError(ConnectionRefusedError()), Fault),
        (URLError(socket.gaierror()), Fault),
        (URLError(TimeoutError()), Unsure),
        (TimeoutError(), Unsure),
        (ConnectionResetError(), Unsure),
        (BrokenPipeError(), Unsure),
    ],
)
def test_a_call_without_an_answer_is_in_doubt_unless_it_never_connected(
    error: Exception, family: type[Exception]
) -> None:
    """What was not connected took nothing."""
    assert family is type(broken_call(error))


def test_the_providers_wish_to_wait_is_read_in_each_of_its_forms() -> None:
    """Seconds, a date, or the reset time of the rate limit."""
    soon = utcnow() + timedelta(seconds=90)

    assert 17 == retry_after({"retry-after": "17"})
    assert 85 < (retry_after({"Retry-After": format_datetime(soon, usegmt=True)}) or 0) <= 90
    assert 85 < (retry_after({"X-RateLimit-Reset": str(int(soon.timestamp()))}) or 0) <= 90
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({}) is None
    assert retry_after(None) is None
