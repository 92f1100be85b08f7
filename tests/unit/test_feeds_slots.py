"""The place of each feed in its round."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import new_id
from shared.feeds.rules import Ages, Pace
from shared.feeds.slots import own_slot, place

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
AGES = Ages(90, 600, 3600)
INTERVALS = st.integers(5, 7 * 86_400) | st.sampled_from([15, 30, 60, 90, 300, 900, 3600, 86_400])


def test_a_thousand_feeds_of_one_minute_come_one_after_the_other() -> None:
    """Made in one second, they are 16 or 17 a second from their second slot on."""
    slots = [own_slot(NOW, new_id(), Pace(60, AGES), NOW) for _ in range(1000)]
    a_second = [sum(1 for slot in slots if int(slot.timestamp()) % 60 == second) for second in range(60)]

    assert max(a_second) <= 40
    assert min(a_second) >= 3


@given(st.uuids(), INTERVALS)
def test_a_feed_that_keeps_its_place_keeps_its_rhythm(feed: UUID, interval: int) -> None:
    """Every slot follows the last by the interval."""
    pace = Pace(interval, AGES)
    first = own_slot(NOW, feed, pace, NOW)
    second = own_slot(first, feed, pace, first)
    third = own_slot(second, feed, pace, second + SECOND)

    assert [interval * SECOND] * 2 == [second - first, third - second]


@given(st.uuids(), INTERVALS, st.floats(0, 3 * 86_400))
def test_the_first_slot_is_near_its_time_and_never_past(feed: UUID, interval: int, late: float) -> None:
    """Half a round sooner or later, and at most five minutes of a day."""
    pace = Pace(interval, AGES)
    now = NOW + late * SECOND

    slot = own_slot(NOW, feed, pace, now)

    allowed = min(interval, 600)
    assert now < slot <= now + (interval + allowed) * SECOND
    if late < interval / 2:
        assert abs(slot - (NOW + interval * SECOND)) <= allowed / 2 * SECOND


def test_a_daily_feed_keeps_its_hour() -> None:
    """Nobody who adds a feed at nine expects it at midnight."""
    slot = own_slot(NOW, new_id(), Pace(86_400, AGES), NOW)

    assert abs(slot - (NOW + timedelta(days=1))) <= timedelta(minutes=5)


def test_a_place_is_the_same_every_time() -> None:
    """Two schedulers agree, and so do two releases."""
    feed = UUID("0198c5a0-0000-7000-8000-000000000001")

    assert place(feed, 60) == place(UUID(str(feed)), 60)
    assert timedelta(0) <= place(feed, 60) < timedelta(seconds=60)
    assert place(feed, 60) != place(UUID("0198c5a0-0000-7000-8000-000000000002"), 60)


@pytest.mark.parametrize("interval", [61, 119, 599])
def test_odd_intervals_have_a_place_too(interval: int) -> None:
    """Every round is its own."""
    slots = {own_slot(NOW, new_id(), Pace(interval, AGES), NOW) for _ in range(50)}

    assert len(slots) > 40
