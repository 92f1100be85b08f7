"""The table of recorded files: its rows, its merging, and that it is written whatever the tests say."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support.feeds import Recording
from tests.support.recorded import RecordedTable

BUS = Recording("gtfs-rt/bus.pb", Path("bus.pb"), "gtfs-rt", 5, "", "")
AIR = Recording("air-quality/air.json", Path("air.json"), "air-quality", 3, "", "")


def finish(table: RecordedTable, **config: Any) -> None:
    """End a session of pytest; a worker's has a `workeroutput`."""
    table.pytest_sessionfinish(cast("pytest.Session", SimpleNamespace(config=SimpleNamespace(**config))))


def read(path: Path) -> Any:
    """Return the table as it was written."""
    return json.loads(path.read_text(encoding="utf-8"))


def test_what_tests_found_of_a_file_is_one_row_and_rows_are_sorted_by_path(tmp_path: Path) -> None:
    """Two tests tell of one file."""
    table = RecordedTable(tmp_path / "results" / "recorded.json")
    table.note(BUS, stored={"vehicles": 4, "records": 4}, described=0, rejected={"no_identity": 1})
    table.note(AIR, stored={"things": 3, "observations": 3, "records": 3}, described=0, rejected={})
    table.note(BUS, again_new=0)

    finish(table)

    assert [
        {
            "path": "air-quality/air.json",
            "kind": "air-quality",
            "expected": 3,
            "stored": {"things": 3, "observations": 3, "records": 3},
            "described": 0,
            "rejected": {},
            "again_new": None,
            "ok": True,
            "why": "",
        },
        {
            "path": "gtfs-rt/bus.pb",
            "kind": "gtfs-rt",
            "expected": 5,
            "stored": {"vehicles": 4, "records": 4},
            "described": 0,
            "rejected": {"no_identity": 1},
            "again_new": 0,
            "ok": True,
            "why": "",
        },
    ] == read(tmp_path / "results" / "recorded.json")


def test_a_failure_is_told_and_what_is_found_later_does_not_undo_it(tmp_path: Path) -> None:
    """The first failure of a file is its why."""
    table = RecordedTable(tmp_path / "recorded.json")
    table.fail(BUS, "AssertionError: 5 == 4")
    table.fail(BUS, "AssertionError: another")
    table.note(BUS, again_new=0)

    finish(table)

    (row,) = read(tmp_path / "recorded.json")
    assert (False, "AssertionError: 5 == 4", 0) == (row["ok"], row["why"], row["again_new"])


def test_the_rows_of_workers_are_merged(tmp_path: Path) -> None:
    """A worker writes no file; what it sends is plain values."""
    one, two = RecordedTable(tmp_path / "worker.json"), RecordedTable(tmp_path / "worker.json")
    one.note(BUS, described=5)
    two.note(BUS, again_new=0)
    two.note(AIR, again_new=0)
    outputs: list[dict[str, Any]] = [{}, {}]
    for worker, output in zip((one, two), outputs, strict=True):
        finish(worker, workeroutput=output)
    table = RecordedTable(tmp_path / "recorded.json")
    for output in outputs:
        table.pytest_testnodedown(SimpleNamespace(workeroutput=json.loads(json.dumps(output))))
    table.pytest_testnodedown(SimpleNamespace())  # A worker that crashed.

    finish(table)

    assert [("air-quality/air.json", 0, 0), ("gtfs-rt/bus.pb", 5, 0)] == [
        (row["path"], row["described"], row["again_new"]) for row in read(tmp_path / "recorded.json")
    ]
    assert not (tmp_path / "worker.json").exists()


def test_a_run_without_recorded_files_leaves_the_table_of_the_last_one(tmp_path: Path) -> None:
    """Running one unit test does not empty the table."""
    (tmp_path / "recorded.json").write_text("[]", encoding="utf-8")

    finish(RecordedTable(tmp_path / "recorded.json"))

    assert [] == read(tmp_path / "recorded.json")


@pytest.mark.parametrize(("failed", "said"), [(True, "test_it: AssertionError: 5 == 4"), (False, "")])
def test_a_test_of_a_recorded_file_that_fails_is_told_by_pytest_itself(
    tmp_path: Path, failed: bool, said: str
) -> None:
    """No test has to tell of its own failure."""
    table = RecordedTable(tmp_path / "recorded.json")
    table.note(BUS, again_new=0)
    raised = SimpleNamespace(exconly=lambda: "AssertionError: 5 == 4")
    item = SimpleNamespace(callspec=SimpleNamespace(params={"recording": BUS}), originalname="test_it")
    call = SimpleNamespace(excinfo=raised if failed else None)

    report = table.pytest_runtest_makereport(cast("pytest.Item", item), cast("Any", call))
    next(report)
    with pytest.raises(StopIteration):
        report.send(SimpleNamespace(failed=failed))

    assert [(not failed, said)] == [(row["ok"], row["why"]) for row in table.rows()]
