"""The simulator's chance and motion: repeatable, smooth, and true to the track."""

from itertools import pairwise

import pytest

from deploy.cities.routes import distance_m
from deploy.local.simulator.chance import between, choose, drift, roll
from deploy.local.simulator.motion import (
    DWELL_SECONDS,
    LAYOVER_SECONDS,
    Run,
    Track,
    bearing_degrees,
    run_at,
)

# Three stops a tenth of a degree apart on the equator, with a bend-free vertex between the last two.
TRACK = Track(
    "line-1", "Line", ((0.0, 0.0), (0.1, 0.0), (0.15, 0.0), (0.2, 0.0)), (0, 1, 3), 10.0, ("West", "East")
)
DEGREE_M = 111_195.08


def test_the_same_keys_give_the_same_number() -> None:
    """The number is pinned: a change of the hash would change every simulated city."""
    assert 0.512_103 == pytest.approx(roll(7, "alert", 1), abs=1e-6)
    assert roll(7, "alert", 1) == roll(7, "alert", 1)


def test_other_keys_give_other_numbers() -> None:
    """Keys are kept apart: 1, 11 is not 11, 1."""
    assert 1_000 == len({roll(seed, "key", number) for seed in range(10) for number in range(100)})
    assert roll(1, 11) != roll(11, 1)


def test_numbers_stay_in_their_range() -> None:
    """Whatever the keys, between keeps its promise."""
    values = [between(-2.0, 3.0, number) for number in range(1_000)]

    assert -2.0 <= min(values) < -1.9
    assert 2.9 < max(values) < 3.0


def test_every_option_is_chosen_sometimes() -> None:
    """The last option is as likely as the first."""
    assert {"a", "b", "c"} == {choose("abc", number) for number in range(100)}


def test_drift_is_smooth_and_ends_one_period_where_the_next_begins() -> None:
    """A jump would look like a fault of the feed."""
    values = [drift(second, 90.0, "station") for second in range(1_000)]

    assert max(abs(a - b) for a, b in pairwise(values)) < 0.05
    assert -1 <= min(values) < max(values) <= 1


def test_distance_and_bearing_follow_the_sphere() -> None:
    """One degree along the equator, and due east."""
    assert DEGREE_M == pytest.approx(distance_m((0, 0), (1, 0)), rel=1e-6)
    assert 90.0 == pytest.approx(bearing_degrees((0, 0), (1, 0)))
    assert 180.0 == pytest.approx(bearing_degrees((0, 0), (0, -1)))


def test_a_timetable_counts_travel_and_stops() -> None:
    """The last stop is reached after both legs and one wait between them."""
    leg_seconds = 0.1 * DEGREE_M / 10.0
    outward = TRACK.calls[0]

    assert [0, 1, 2] == [call.stop for call in outward]
    assert 2 * leg_seconds + DWELL_SECONDS == pytest.approx(outward[-1].arrival, rel=1e-5)
    assert [2, 1, 0] == [call.stop for call in TRACK.calls[1]]


def test_a_cycle_brings_the_vehicle_back_to_its_start() -> None:
    """Out, wait, back, wait."""
    first, later = run_at(TRACK, 0.0, 1_000.0), run_at(TRACK, 0.0, 1_000.0 + TRACK.cycle_seconds)

    assert first.place()[0] == pytest.approx(later.place()[0])
    assert 2 == later.number - first.number
    assert 2 * (TRACK.trip_seconds + LAYOVER_SECONDS) == TRACK.cycle_seconds


def test_a_vehicle_between_stops_moves_along_the_track() -> None:
    """Its bearing points the way it goes, outward east and inward west."""
    (lon, lat), bearing, speed_mps = run_at(TRACK, 0.0, 500.0).place()
    back = run_at(TRACK, 0.0, 500.0 + TRACK.cycle_seconds / 2).place()

    assert 0 < lon < 0.1
    assert lat == 0
    assert 90.0 == pytest.approx(bearing)
    assert 270.0 == pytest.approx(back[1])
    assert speed_mps > 0


def test_a_vehicle_at_a_stop_stands_still() -> None:
    """During the wait between two legs."""
    call = TRACK.calls[0][1]
    run = Run(TRACK, 0, 0, 0.0, (call.arrival + call.departure) / 2)

    assert run.is_stopped
    assert (0.1, 0.0) == pytest.approx(run.place()[0])
    assert run.place()[2] == 0.0


def test_no_vehicle_jumps() -> None:
    """At most twice the cruising speed in any second, over a whole cycle."""
    places = [
        run_at(TRACK, 17.0, float(second)).place()[0] for second in range(int(TRACK.cycle_seconds) + 10)
    ]

    assert max(distance_m(a, b) for a, b in pairwise(places)) <= 20.0
