"""The hours in which a feed is asked."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from shared.feeds.hours import are_hours, opens_at

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("hours", "now", "opens"),
    [
        ("03:00-06:30", "2026-11-29T03:00+00:00", None),
        ("03:00-06:30", "2026-11-29T06:29:59+00:00", None),
        ("03:00-06:30", "2026-11-29T06:30+00:00", "2026-11-30T03:00+00:00"),
        ("03:00-06:30", "2026-11-29T01:00+00:00", "2026-11-29T03:00+00:00"),
        ("22:00-02:00", "2026-11-29T23:00+00:00", None),
        ("22:00-02:00", "2026-11-29T01:59+00:00", None),
        ("22:00-02:00", "2026-11-29T02:00+00:00", "2026-11-29T22:00+00:00"),
        ("03:00-06:30", "2026-07-01T02:00+00:00", None),
        ("03:00-06:30", "2026-03-28T12:00+00:00", "2026-03-29T02:00+00:00"),
        ("01:30-06:30", "2026-03-28T12:00+00:00", "2026-03-29T01:30+00:00"),
    ],
)
def test_a_feed_is_asked_again_when_its_hours_begin(hours: str, now: str, opens: str | None) -> None:
    """By the clock of its place, over midnight and over the changes of the clock."""
    wanted = datetime.fromisoformat(opens) if opens else None

    assert wanted == opens_at(hours, LONDON, datetime.fromisoformat(now))


@pytest.mark.parametrize(
    ("written", "are"),
    [("03:00-06:30", True), ("22:00-02:00", True), ("03:00-03:00", False), ("3-6", False), ("24:00-06:00", False),
     ("03:00 - 06:00", False), (["03:00", "06:00"], False), (None, False)],
)  # fmt: skip
def test_hours_are_two_times_of_the_day(written: object, are: bool) -> None:
    """Written as clocks show them."""
    assert are == are_hours(written)
