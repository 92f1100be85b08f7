"""How old may what we show be: the rules of freshness, of slots and of leaving a publisher alone."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.feeds import rules
from shared.feeds.rules import Ages, Pace

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BUSES = Pace(30, Ages(90, 600, 3600))
REQUESTS = Pace(300, Ages(86_400, 3 * 86_400, 14 * 86_400))


def ago(seconds: float) -> datetime:
    """Return a moment before now."""
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("expected", "seconds"),
    [("fresh", 0), ("fresh", 119), ("late", 120), ("late", 629), ("stale", 630), ("dead", 3630)],
)
def test_a_vehicle_ages_by_its_own_time_and_one_interval_is_nobodys_fault(
    expected: str, seconds: int
) -> None:
    """The connector's seconds count from when it could have been read again."""
    assert expected == rules.entity_freshness(ago(seconds), BUSES, NOW)


@pytest.mark.parametrize(
    ("expected", "seconds"),
    [("fresh", 30), ("fresh", 74), ("late", 75), ("stale", 180), ("dead", 900)],
)
def test_a_feed_ages_by_intervals_without_a_good_fetch(expected: str, seconds: int) -> None:
    """Two and a half, six and twenty-four intervals, and never within seconds."""
    assert expected == rules.fetch_freshness(ago(seconds), BUSES, NOW)


def test_a_fresh_header_does_not_make_old_vehicles_fresh() -> None:
    """The newest entity is judged too."""
    assert "dead" == rules.feed_freshness(ago(5), ago(2 * 86_400), BUSES, NOW)


def test_fresh_entities_do_not_hide_that_we_stopped_fetching() -> None:
    """The worse of the two counts."""
    assert "stale" == rules.feed_freshness(ago(300), ago(5), BUSES, NOW)


def test_a_feed_without_entities_is_judged_by_its_fetches() -> None:
    """An empty feed that answers is fresh."""
    assert "fresh" == rules.feed_freshness(ago(5), None, BUSES, NOW)


def test_a_feed_that_never_ran_is_dead() -> None:
    """Nothing is known of it."""
    assert "dead" == rules.feed_freshness(None, None, BUSES, NOW)


def test_requests_of_yesterday_are_fresh_when_the_connector_says_so() -> None:
    """Ages are the connector's: a 311 list is no bus."""
    assert "fresh" == rules.feed_freshness(ago(60), ago(80_000), REQUESTS, NOW)


def test_a_publishers_ttl_slows_the_rhythm() -> None:
    """What may be kept for ten minutes is not late after one; a mistyped year is not believed."""
    slow = Pace(30, Ages(90, 600, 3600), ttl_seconds=600)
    mistyped = Pace(30, Ages(90, 600, 3600), ttl_seconds=31_536_000)

    assert "fresh" == rules.fetch_freshness(ago(900), slow, NOW)
    assert 3600 == mistyped.rhythm_seconds


def test_slots_keep_their_rhythm() -> None:
    """A run that starts late does not shift the next."""
    assert ago(-25) == rules.next_slot(ago(5), BUSES, NOW)


def test_a_feed_that_fell_behind_does_not_make_up_for_it() -> None:
    """An hour of sleep gives one run and not 120."""
    assert ago(-30) == rules.next_slot(ago(3600), BUSES, NOW)
    assert ago(-30) == rules.next_slot(None, BUSES, NOW)


def test_a_wrong_future_slot_does_not_silence_a_feed() -> None:
    """A clock that was set back, or an interval that was cut, starts a new rhythm."""
    assert ago(-30) == rules.next_slot(ago(-86_400), BUSES, NOW)
    assert ago(-20) == rules.next_slot(ago(-20), BUSES, NOW)


def test_failures_wait_longer_each_time_up_to_a_minute() -> None:
    """Doubling from a tenth of the interval."""
    waits = [(rules.retry_at(n, BUSES, NOW, jitter=0.5) - NOW).total_seconds() for n in range(1, 9)]

    assert [3, 6, 12, 24, 60, 60, 60, 60] == waits


def test_a_feed_whose_breaker_is_open_tries_when_it_half_opens() -> None:
    """Not before, when a slot would come for nothing, and not later; a slow feed keeps its longer wait."""
    for jitter in (0.0, 0.5, 1.0):
        assert rules.open_until(5, NOW) == rules.retry_at(5, BUSES, NOW, jitter)
        assert NOW + timedelta(seconds=60) <= rules.retry_at(5, REQUESTS, NOW, jitter)
    assert ago(-450) == rules.retry_at(9, REQUESTS, NOW, 1.0)


def test_a_slow_feed_waits_at_most_its_interval() -> None:
    """A daily feed that fails is not asked every minute."""
    waits = [(rules.retry_at(n, REQUESTS, NOW, jitter=0.5) - NOW).total_seconds() for n in (1, 4, 9)]

    assert [30, 240, 300] == waits


def test_jitter_spreads_retries_by_half() -> None:
    """Feeds of one broken host do not come back together."""
    assert (12, 36) == tuple(
        (rules.retry_at(4, BUSES, NOW, jitter=jitter) - NOW).total_seconds() for jitter in (0.0, 1.0)
    )


def test_retry_after_wins_when_it_is_longer_and_is_no_more_than_a_day() -> None:
    """A publisher's wish is kept; a mistyped one is not kept for ever."""
    assert ago(-900) == rules.retry_at(1, BUSES, NOW, 0.5, retry_after_seconds=900)
    assert ago(-3) == rules.retry_at(1, BUSES, NOW, 0.5, retry_after_seconds=1)
    assert ago(-86_400) == rules.retry_at(1, BUSES, NOW, 0.5, retry_after_seconds=1e9)


def test_the_breaker_opens_with_the_fifth_failure_for_a_minute() -> None:
    """Half open after sixty seconds at the latest."""
    assert [None, ago(-60), ago(-60)] == [rules.open_until(n, NOW) for n in (4, 5, 50)]


@pytest.mark.parametrize(
    ("expected", "known", "listed"),
    [(True, 627, 300), (False, 627, 570), (False, 19, 0), (True, 20, 9), (False, 20, 10), (False, 0, 0)],
)
def test_a_list_that_loses_half_at_once_is_suspect(expected: bool, known: int, listed: int) -> None:
    """Small lists may empty; King County's night service may not look like a fault."""
    assert expected is rules.is_sudden_drop(known, listed)


def test_the_grace_is_three_rhythms_and_five_minutes_at_least() -> None:
    """One missed poll withdraws nothing."""
    assert (300, 900) == (rules.grace_seconds(BUSES), rules.grace_seconds(REQUESTS))
