"""Runs side by side leave one record."""

import pytest

from tests.chaos import side_by_side
from tests.chaos.report import Result, from_json, to_json
from tests.chaos.side_by_side import options_of_a_run, shares


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["--short", "--seeds", "20", "--jobs", "4"], ["--short"]),
        (["--seed=7", "--rows", "1,4", "--json", "x.json", "--short"], ["--short"]),
        (["--jobs=2", "--scale", "0.2", "--break", "fence"], ["--scale", "0.2", "--break", "fence"]),
    ],
)
def test_each_run_is_asked_for_the_same_but_for_its_share(given: list[str], kept: list[str]) -> None:
    """Which rows and seeds, how many at a time and where to is for the one that starts them."""
    assert kept == options_of_a_run(given)


@pytest.mark.parametrize(
    ("number", "expected"), [(0, [[1, 2, 3]]), (1, [[1, 2, 3]]), (2, [[1, 3], [2]]), (9, [[1], [2], [3]])]
)
def test_rows_are_dealt_out_to_runs(number: int, expected: list[list[int]]) -> None:
    """Each to one run, and no run is without any."""
    assert expected == shares([1, 2, 3], number)


def test_a_record_is_read_as_it_was_written() -> None:
    """Nothing of a result is lost on its way between processes."""
    result = Result(19, "mail", 3, "FAIL", 2, 1.5, 0.1, 1.0, {"I1": ["a job lives"]}, ["slow"], {"calls": 4})

    assert [result] == from_json(to_json([result], seeds=[3]))


def test_a_run_that_leaves_no_record_has_failed() -> None:
    """It is neither passed over nor taken for a pass."""
    (results,) = side_by_side.run([5], [4], 1, ["--no-such-option"])

    assert ["FAIL"] == [result.result for result in results]
    assert "no-such-option" in results[0].failures[0]
