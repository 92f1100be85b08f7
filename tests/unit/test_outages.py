"""The judges of the outages: each thing that must hold is seen broken when it is."""

from dataclasses import replace
from typing import Any

import pytest

from tests.outages import judge
from tests.outages.forecast import BREAKING, FAULTS, PUBLISHERS, SHORTEST_MINUTES, Publisher, publishers
from tests.outages.judge import Ran, Seen
from tests.outages.publishers import Asked, Witness, held

STEADY = Publisher(0, "nws_alerts", "/nws/alerts", is_timed=False)
BROKEN = Publisher(1, "gtfs_realtime", "/gtfs-rt/vehicles.pb", is_timed=True, fault="500", begins=2)
NOW = 1_000_000.0
TOLD = {
    "freshness": "fresh",
    "open_until": None,
    "failures_in_a_row": 0,
    "next_run_at": "2026-11-22T12:01:00Z",
    "last_run": {"finished_at": "2026-11-22T12:00:00Z"},
}


def asked(at: float, status: int = 200, fault: str | None = None, number: int = 0) -> Asked:
    """Make a request that was answered so long before now."""
    return Asked(number, "/nws/alerts", NOW - at, 1, fault, status, None)


@pytest.mark.parametrize("minutes", [SHORTEST_MINUTES, 26, 60])
def test_every_fault_has_its_turn_and_everybody_is_well_before_the_end(minutes: int) -> None:
    """Ten of forty never fail; a stale answer falls to one whose entities tell their time."""
    known = publishers(minutes)

    assert PUBLISHERS == len(known)
    assert 10 == sum(one.fault is None for one in known)
    assert set(FAULTS) == {one.fault for one in known} - {None}
    assert all(one.is_timed for one in known if one.fault == "stale")
    assert {None} == {one.fault_in(minute) for one in known for minute in (0, 1, minutes - 4, minutes - 1)}


def test_there_is_no_hour_of_five_minutes() -> None:
    """An outage must fit in."""
    with pytest.raises(ValueError, match="at least"):
        publishers(5)


@pytest.mark.parametrize(
    ("expected", "one", "asks", "told"),
    [
        (None, STEADY, [asked(100)], {}),
        ("as fresh 200 s after", STEADY, [asked(200)], {}),
        ("as fresh", STEADY, [], {}),
        (None, STEADY, [asked(200)], {"freshness": "late"}),
        ("vehicles seen 200 s ago", BROKEN, [asked(200), asked(20, fault="stale")], {}),
        ("5 failures in a row, open until None", STEADY, [asked(1)], {"failures_in_a_row": 5}),
        (
            "stays open for 90 s",
            STEADY,
            [asked(1)],
            {"failures_in_a_row": 5, "open_until": "2026-11-22T12:01:30Z"},
        ),
        (
            "tries only at",
            STEADY,
            [asked(1)],
            {
                "failures_in_a_row": 5,
                "open_until": "2026-11-22T12:01:00Z",
                "next_run_at": "2026-11-22T12:01:30Z",
            },
        ),
    ],
)
def test_what_the_api_tells_is_held_against_what_was_sent(
    expected: str | None, one: Publisher, asks: list[Asked], told: dict[str, Any]
) -> None:
    """A minute in which nothing is wrong gives no sentence."""
    found = list(judge.in_a_minute(one, {**TOLD, **told}, asks, NOW))

    assert ([] if expected is None else [True]) == [str(expected) in sentence for sentence in found]


GOOD = Ran(0, "succeeded", 2, 2, None, ("a",))


@pytest.mark.parametrize(
    ("expected", "runs"),
    [
        (None, [GOOD] * 4),
        ("2 runs, expected 5", [GOOD] * 2),
        ("a run failed: HTTP 500", [*[GOOD] * 3, replace(GOOD, state="failed", error="HTTP 500")]),
        ("2 records sent, 1 read, 1 accounted", [*[GOOD] * 3, replace(GOOD, records=1, accounted=1)]),
        ("2 records sent, 2 read, 1 accounted", [*[GOOD] * 3, replace(GOOD, accounted=1)]),
    ],
)
def test_a_steady_publisher_is_read_each_minute_and_loses_nothing(
    expected: str | None, runs: list[Ran]
) -> None:
    """Whatever the others do."""
    witness = Witness(held={"a": frozenset({"1", "2"})})

    found = list(judge.at_the_end([STEADY], witness, Seen(), runs, 5))

    assert ([] if expected is None else [True]) == [str(expected) in sentence for sentence in found]


@pytest.mark.parametrize(
    ("expected", "one", "asks", "seen"),
    [
        (None, BROKEN, [], Seen({1: [(NOW - 9, NOW)]}, {1: {"late"}})),
        ("never seen open", BROKEN, [], Seen({}, {1: {"late"}})),
        ("told as fresh all the while", BROKEN, [], Seen({1: [(NOW - 9, NOW)]}, {1: {"fresh"}})),
        (
            "before its breaker half-opened",
            BROKEN,
            [asked(5, number=1)],
            Seen({1: [(NOW - 9, NOW)]}, {1: {"late"}}),
        ),
        (
            "asked again 60 s after Retry-After",
            replace(BROKEN, fault="429-long"),
            [asked(90, 429, number=1), asked(30, number=1)],
            Seen({}, {1: {"late"}}),
        ),
    ],
)
def test_a_failing_publisher_is_left_alone_and_its_feed_shows_it(
    expected: str | None, one: Publisher, asks: list[Asked], seen: Seen
) -> None:
    """Its breaker opens, nothing is asked before it half-opens or its patience is over."""
    found = list(judge.at_the_end([one], Witness(asked=asks), seen, [], 5))

    assert ([] if expected is None else [True]) == [str(expected) in sentence for sentence in found]


def test_bodies_are_read_by_other_means_than_the_connectors() -> None:
    """Ids of alerts, of entries, of stations."""
    assert frozenset({"a"}) == held("/nws/alerts", b'{"features": [{"properties": {"id": "a"}}]}')
    assert frozenset({"n1"}) == held("/news/rss.xml", b'<guid isPermaLink="false">n1</guid>')
    assert frozenset({"s"}) == held(
        "/gbfs/station_information.json", b'{"data": {"stations": [{"station_id": "s"}]}}'
    )
    assert frozenset() == held("/open-meteo/forecast", b"{}")
    assert "stale" not in BREAKING
