"""Observations gathered as columns: what repeats, what is laid out, and what comes back whole."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from tasks.feeds.connector import Observation, Result
from tasks.feeds.storing import batch
from tasks.feeds.storing.batch import Batch
from tasks.feeds.storing.gathered import Gathered

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few observations are of several parts."""
    monkeypatch.setattr(batch, "TOGETHER", 2)


def told(
    thing: str, minute: int, properties: Mapping[str, Any] | None = None, **values: float
) -> Observation:
    """Return what is observed of a thing some minutes after noon; the address says which it is."""
    return Observation(
        external_id=thing,
        record=f"status#{thing}.{minute}",
        phenomenon_time=NOON + timedelta(minutes=minute),
        results=[Result(name, value, "1") for name, value in values.items()],
        properties=properties or {},
    )


def gathered(*observations: Observation) -> Gathered:
    """Gather observations."""
    made = Batch()
    for observation in observations:
        made.add(observation)
    assert len(observations) == len(made)
    return made.gathered()


def flags(size: int, places: Iterable[int]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return so many flags of which some are set."""
    return np.isin(np.arange(size), list(places))


def test_of_two_that_tell_of_one_moment_the_larger_wins_in_any_order() -> None:
    """One of the next minute, and one of another thing, tell of another moment."""
    less, more = told("a", 0, bikes=1), told("a", 0, bikes=2)
    others = [told("a", 1, bikes=0), told("b", 0, bikes=0)]

    assert [0] == gathered(less, *others, more).repeated()
    assert [3] == gathered(more, *others, less).repeated()


def test_of_several_that_tell_the_same_the_first_stays() -> None:
    """The others are repetitions."""
    assert [1, 2, 4] == gathered(*[told("a", 0, bikes=1)] * 3, *[told("b", 0, bikes=1)] * 2).repeated()


def test_two_that_tell_of_other_properties_of_one_moment_do_not_repeat_each_other() -> None:
    """One that has a property in common with a larger one does, and so does one that tells nothing."""
    bikes, docks = told("a", 0, bikes=1), told("a", 0, docks=1)
    both, nothing = told("a", 0, docks=0, ebikes=9), told("a", 0)

    assert [] == gathered(bikes, docks).repeated()
    assert [0, 2] == gathered(both, bikes, nothing, docks).repeated()
    assert [1] == gathered(nothing, nothing).repeated()


def test_results_that_are_numbers_are_laid_out_with_what_was_observed() -> None:
    """Those of some observations; a property has the unit that each thing's publisher told."""
    given = gathered(
        told("a", 0, bikes=1, docks=math.nan),
        told("b", 0, bikes=2),
        Observation(
            external_id="b",
            record="status#b.1",
            phenomenon_time=NOON + timedelta(minutes=1),
            results=[Result("bikes", 3, "%")],
        ),
    )

    results, owners = given.laid_out(flags(3, [0, 2]))

    assert [("a", "bikes", "1"), ("b", "bikes", "%")] == [given.observed(n) for n in results.places.tolist()]
    assert [1.0, 3.0] == results.values.tolist()
    assert [60_000_000] == np.diff(results.times).tolist()
    assert [0, 2] == owners.tolist()


def test_observations_come_back_as_they_were_told() -> None:
    """Those of unknown things wait so for the next chunk."""
    observations = [
        told("a", 0, bikes=1, docks=2),
        told("b", 5, {"is_renting": True}, bikes=3),
        told("c", -1),
    ]

    given = gathered(*observations)

    assert [observations[2], observations[1]] == given.restored([2, 1])
    assert [observations[0]] == given.restored([0])


def test_the_newest_of_a_thing_says_what_its_state_is() -> None:
    """Newest by its time, and only when it counts."""
    given = gathered(
        told("a", 2, {"state": "new"}),
        told("a", 1, {"state": "old"}),
        told("a", 3, {"state": "set aside"}),
        told("a", 4),
        told("b", 0, {"state": "other"}),
    )

    assert {"a": {"state": "new"}, "b": {"state": "other"}} == given.newest_said(flags(5, [0, 1, 3, 4]))
    assert {} == given.newest_said(flags(5, [3]))


def test_the_newest_time_is_of_what_has_happened() -> None:
    """A wrong clock runs ahead."""
    given = gathered(told("a", 1), told("b", 2), told("c", 9))

    assert NOON + timedelta(minutes=2) == given.newest(NOON + timedelta(minutes=2))
    assert given.newest(NOON) is None


def test_a_batch_is_full_by_its_results_or_by_what_it_weighs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said besides results weighs more."""
    plain, said = Batch(), Batch()
    for minute in range(2):
        plain.add(told("a", minute, bikes=1))
        said.add(told("a", minute, {"is_renting": True}, bikes=1))

    assert not plain.is_full
    monkeypatch.setattr(batch, "STEP_BYTES", 400)
    assert said.is_full
    assert not plain.is_full
    monkeypatch.setattr(batch, "STEP_RESULTS", 2)
    assert plain.is_full
