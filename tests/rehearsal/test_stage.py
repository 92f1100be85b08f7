"""A rehearsal that could not be held is neither well nor failed, and says so."""

import pytest

from deploy.rehearsal.stage import SKIPPED, Failed, Report, Skip, Stage, run_stages


def well(report: Report) -> None:
    report.check("it stands", True)


def impossible(report: Report) -> None:
    raise Skip("no engine here")


def broken(report: Report) -> None:
    raise Failed("it fell")


def empty(report: Report) -> None:
    """Check nothing."""


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([well], 0),
        ([impossible], SKIPPED),
        ([well, impossible], 0),
        ([impossible, broken], 1),
        ([empty], 1),
    ],
)
def test_the_code_tells_well_from_failed_from_not_held(
    runs: list[object], expected: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stage that checks nothing has failed; one that cannot run is no pass."""
    assert run_stages([Stage(run.__name__, run) for run in runs]) == expected  # type: ignore[attr-defined, arg-type]  # functions

    assert ("SKIP impossible: no engine here" in capsys.readouterr().out) == (impossible in runs)
