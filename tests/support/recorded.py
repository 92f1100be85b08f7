"""The table of recorded files: what became of each, written as JSON when the test run ends, also a failed one."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.feeds import Recording

#: The key under which an xdist worker hands its rows to the process that started it.
_SENT: Final = "recorded"
_LONGEST_WHY: Final = 300


class RecordedTable:
    """
    A pytest plugin that holds a row for each recorded file that a test told of.

    A row: `path`, `kind`, `expected` (records by the manifest), `stored` (rows by noun, and `records`: how many of
    the publisher's gave them), `described`, `rejected` (reason -> count), `again_new` (rows that parsing the file
    a second time added), `ok`, and `why` not, or why nothing of the file was to be stored.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[str, dict[str, Any]] = {}

    def note(self, recording: Recording, **found: Any) -> None:
        """Add what a test found to the file's row."""
        self._merge({"path": recording.name, "kind": recording.kind, "expected": recording.records, **found})

    def fail(self, recording: Recording, why: str) -> None:
        """Say in the file's row that a test of it failed; the first failure is the one told."""
        if self._rows.get(recording.name, {}).get("ok", True):
            self.note(recording, ok=False, why=why[:_LONGEST_WHY])

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows, sorted by path."""
        nothing = {"stored": {"records": 0}, "described": 0, "rejected": {}, "again_new": None}
        order = ("path", "kind", "expected", *nothing, "ok", "why")
        filled = ({**nothing, "ok": True, "why": "", **row} for row in self._rows.values())
        return sorted(
            ({name: row[name] for name in order} for row in filled), key=lambda row: str(row["path"])
        )

    def _merge(self, row: dict[str, Any]) -> None:
        self._rows.setdefault(row["path"], {}).update(row)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """Note a failed test of a recorded file."""
        report = yield
        recording = getattr(item, "callspec", None) and item.callspec.params.get("recording")  # type: ignore[attr-defined]
        if report.failed and isinstance(recording, Recording) and call.excinfo is not None:
            self.fail(recording, f"{item.originalname}: {call.excinfo.exconly()}")  # type: ignore[attr-defined]
        return report

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over the rows of an xdist worker; one that crashed sent none."""
        for row in getattr(node, "workeroutput", {}).get(_SENT, []):
            self._merge(row)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand the rows to the process that started this worker, or write them; no rows, no file."""
        sent = getattr(session.config, "workeroutput", None)
        if sent is not None:
            sent[_SENT] = list(self._rows.values())
        elif self._rows:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self.rows(), indent=1) + "\n", encoding="utf-8")
