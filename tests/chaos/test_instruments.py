"""The instruments do what the rows believe they do."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chaos import oracle
from tests.chaos.clock import Clock
from tests.chaos.report import Result, line, summary

_SHOW = "import time, datetime; print(time.time(), datetime.datetime.now().timestamp(), time.monotonic()); time.sleep(0)"


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")
def test_a_lying_clock_lies_about_the_wall_clock_only(tmp_path: Path) -> None:
    """Both of Python's ways to ask are an hour ahead; the monotonic clock is the machine's."""
    clock = Clock.make(tmp_path, "ahead", 3600)
    done = subprocess.run(
        [sys.executable, "-c", _SHOW], env=clock.environment(), capture_output=True, text=True, check=True
    )
    wall, moment, steady = (float(value) for value in done.stdout.split())

    assert 3600 == pytest.approx(wall - time.time(), abs=60)
    assert 3600 == pytest.approx(moment - time.time(), abs=60)
    assert 0 == pytest.approx(steady - time.monotonic(), abs=60)


def test_a_row_passes_only_when_it_passed_under_every_seed() -> None:
    """A skipped row is no pass, and neither is one that failed once."""
    results = [
        Result(1, "a", 1, "pass"),
        Result(1, "a", 2, "FAIL"),
        Result(2, "b", 1, "pass"),
        Result(3, "c", 1, "SKIP", reason="no mounts"),
    ]

    assert summary(results) == "3 rows: 1 passed, 1 failed, 1 skipped"


def test_a_broken_invariant_is_told_by_name() -> None:
    """With the sentence that shows it, and not with all thousand of them."""
    said = line(Result(4, "zombie", 7, "FAIL", invariants={"I5": [f"job {n}" for n in range(9)]}))

    assert "I5: job 0" in said
    assert "I5: and 6 more" in said


def test_an_entry_that_is_just_being_written_is_seen_next_time(tmp_path: Path) -> None:
    """A reader may meet half a line; it waits for the other half and loses nothing."""
    history = tmp_path / "oracle.jsonl"
    line = '{"what": "started", "job": "a", "attempt": 1, "token": "t", "pid": 1, "t": 1.0}\n'
    history.write_text(line + line[:40])
    assert 1 == len(oracle.read(history))

    history.write_text(line + line)

    assert 2 == len(oracle.read(history))
