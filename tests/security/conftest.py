"""Counts, for each row of the security list, what was tried and what was refused."""

from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.security.checklist import ROWS, row_elsewhere

_OPTION = "--checklist"
_PROPERTY = "tries"
_MEASURED = "measured"


class Tries:
    """What one test tried; each try either was refused, as it must be, or got through."""

    def __init__(self, is_measured: bool = False) -> None:
        self.number = 0
        self.let_through: list[str] = []
        #: Whether this run prints the list, and so may hold measured times against their limits.
        self.is_measured = is_measured
        self.measured: list[str] = []

    def __call__(self, what: str, is_refused: bool) -> None:
        """Note one try."""
        self.number += 1
        if not is_refused:
            self.let_through.append(what)

    def measure(self, what: str, found: float, limit: float, unit: str) -> None:
        """Note a measured figure, which must stay below its limit; only a run that prints the list judges it."""
        if self.is_measured:
            self(f"{what}: {found:.3g} {unit}", found < limit)
            self.measured.append(f"{what}: {found:.3g} {unit} (limit {limit:g} {unit})")


class Count:
    """The tries of each row, over the whole run."""

    def __init__(self) -> None:
        self.tried: dict[int, int] = defaultdict(int)
        self.refused: dict[int, int] = defaultdict(int)
        self.measured: dict[int, list[str]] = defaultdict(list)
        self._failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test when it is over: as many tries as it noted, or one."""
        if report.failed:
            self._failed.add(report.nodeid)
        if report.when != "teardown":
            return
        told = dict(report.user_properties)
        row = told.get("row") or row_elsewhere(report.nodeid)
        if not isinstance(row, int):
            return
        number, through = told.get(_PROPERTY, (1, 0))
        number = max(number, 1)
        self.measured[row] += told.get(_MEASURED, [])  # type: ignore[arg-type]  # what the fixture put there
        self.tried[row] += number
        self.refused[row] += number - max(through, 1 if report.nodeid in self._failed else 0)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the list."""
        write = terminalreporter.write_line
        terminalreporter.section("security list")
        for row in ROWS:
            tried, refused = self.tried[row.number], self.refused[row.number]
            mark = "ok" if tried and tried == refused else "OPEN"
            write(
                f"{row.number:>3}  {row.area:<16} {refused:>5} of {tried:>5} refused  {mark:<4}  {row.tried}"
            )
            for figure in self.measured[row.number]:
                write(f"     {'':<16} {figure}")
        tried, refused = sum(self.tried.values()), sum(self.refused.values())
        rows = sum(1 for row in ROWS if self.tried[row.number])
        # Rounded down: one that got through must not read as none.
        share = 1000 * refused // tried / 10 if tried else 0.0
        write(f"     {rows} of {len(ROWS)} rows, {refused} of {tried} tries refused: {share:.1f}%")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run print the list."""
    parser.addoption(_OPTION, action="store_true", help="count the tries of the security list and print it")


def pytest_configure(config: pytest.Config) -> None:
    """Know the mark; count where it was asked for."""
    config.addinivalue_line("markers", "row(number): belongs to this row of the security list")
    if config.getoption("checklist", False):
        config.pluginmanager.register(Count(), "security-list")


@pytest.fixture(autouse=True)
def _row(request: pytest.FixtureRequest) -> None:
    mark = request.node.get_closest_marker("row")
    if mark is not None:
        request.node.user_properties.append(("row", mark.args[0]))


@pytest.fixture
def tries(request: pytest.FixtureRequest) -> Iterator[Tries]:
    """Note each try of a test that makes many; what gets through fails the test."""
    noted = Tries(is_measured=bool(request.config.getoption(_OPTION, False)))
    yield noted
    request.node.user_properties.append((_PROPERTY, (noted.number, len(noted.let_through))))
    request.node.user_properties.append((_MEASURED, noted.measured))
    assert noted.number
    assert [] == noted.let_through
