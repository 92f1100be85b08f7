"""Results as columns: in order, once a moment, newer or known, and summed up by the hour."""

import math
import struct
from uuid import UUID

import numpy as np
import pytest

from tasks.feeds.storing import results as of_results
from tasks.feeds.storing.results import CHANGED, NEW, SAME, Hours, Results, verdicts, written

HOUR = 3_600_000_000


def results(*given: tuple[int, int, float]) -> Results:
    """Lay out (place, microseconds, number)."""
    places, times, values = zip(*given, strict=True)
    return Results(np.array(places), np.array(times), np.array(values, dtype=np.float64))


def rows(of: Results) -> list[tuple[int, int, float]]:
    """Return what was laid out."""
    return list(zip(of.places.tolist(), of.times.tolist(), of.values.tolist(), strict=True))


def test_of_two_results_of_one_moment_the_last_given_stays() -> None:
    """Each given one knows which it became."""
    distinct, now = results((1, 5, 1.0), (0, 7, 2.0), (1, 5, 3.0), (1, 4, 4.0)).distinct()

    assert [(0, 7, 2.0), (1, 4, 4.0), (1, 5, 3.0)] == rows(distinct)
    assert [2, 0, 2, 1] == now.tolist()


def test_a_result_is_newer_than_the_latest_the_latest_or_to_be_compared() -> None:
    """The latest with another number is compared: it may be a correction."""
    times, latest = np.array([5, -1]), np.array([2.0, math.nan])
    given = results((0, 4, 2.0), (0, 5, 2.0), (0, 6, 2.0), (1, 0, 1.0))
    corrected = results((0, 5, 3.0))

    assert [False, False, True, True] == given.is_newer(times).tolist()
    assert [False, True, False, False] == given.is_known(times, latest).tolist()
    assert [False] == corrected.is_known(times, latest).tolist()


def test_only_the_last_of_a_datastream_becomes_its_latest() -> None:
    """One that is late, or known already, moves nothing."""
    times = np.array([5, 5, 5])
    given = results((0, 4, 1.0), (1, 5, 2.0), (2, 6, 3.0), (2, 7, 4.0))

    moved = given.latest(times, given.is_known(times, np.array([0.0, 2.0, 0.0])))

    assert [(2, "2000-01-01T00:00:00.000007Z", 4.0)] == moved


def test_hours_begin_anew_with_each_datastream() -> None:
    """Times before the year 2000 lie in their hours as well."""
    hours = results((0, -1, 1.0), (0, 0, 2.0), (0, HOUR - 1, 4.0), (1, HOUR - 1, 8.0)).hours()

    assert (
        Hours(
            [0, 0, 1],
            ["1999-12-31T23:00:00Z", "2000-01-01T00:00:00Z", "2000-01-01T00:00:00Z"],
            [1.0, 2.0, 8.0],
            [1.0, 4.0, 8.0],
            [1.0, 6.0, 8.0],
            [1, 2, 1],
        )
        == hours
    )


def test_an_observation_becomes_the_most_that_its_results_do() -> None:
    """Told as how many are the same, changed and new."""
    found = verdicts(np.array([SAME, NEW, SAME, SAME, CHANGED, SAME]), np.array([0, 0, 1, 2, 2, 7]))

    assert [2, 1, 1] == found.tolist()


def test_a_moment_is_written_with_the_microseconds_it_has() -> None:
    """As RFC 3339."""
    assert ["2000-01-01T00:00:00.000001Z", "2000-01-01T00:00:01Z"] == written(np.array([1, 1_000_000]))


def test_lines_are_written_in_blocks_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with the id of its datastream, and what Postgres reads of the fields."""
    ids, run_id = [str(UUID(int=1)), str(UUID(int=2))], UUID(int=9)
    given = results((0, 5, 1.5), (1, -6, 2.5), (1, 7, 3.5))
    monkeypatch.setattr(of_results, "_BLOCK", 2)

    blocks = list(given.lines(ids, run_id))

    line = struct.Struct(">hi16siqidi16s")
    assert [2, 1] == [len(block) // line.size for block in blocks]
    assert [
        (4, 16, UUID(int=1).bytes, 8, 5, 8, 1.5, 16, run_id.bytes),
        (4, 16, UUID(int=2).bytes, 8, -6, 8, 2.5, 16, run_id.bytes),
        (4, 16, UUID(int=2).bytes, 8, 7, 8, 3.5, 16, run_id.bytes),
    ] == [fields for block in blocks for fields in line.iter_unpack(block)]
