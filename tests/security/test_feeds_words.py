"""What a publisher may write: text that is made to keep a pattern busy costs no more than other text."""

import resource
import signal
import subprocess
import sys

import pytest

from deploy.local.testing import ROOT
from tests.security.conftest import Tries

#: Processor seconds a pattern may take over a megabyte; one whose work grows with the square needs hours.
ALLOWED_SECONDS = 20
SIZE = 1_000_000
#: Where text of a publisher meets a pattern: the module, how the pattern is asked, and what would keep it busy.
CASES = {
    "a point": ("tasks.feeds.reading.place_cells", "_WKT_POINT.fullmatch", "'POINT' + ' ' * n"),
    "a point within": (
        "tasks.feeds.reading.place_cells",
        "_WKT_POINT.fullmatch",
        "'POINT(a' + ' ' * n + 'b'",
    ),
    "a pair": ("tasks.feeds.reading.place_cells", "_PAIR.fullmatch", "'(' + ' ' * n + '1.1'"),
    "a place": ("tasks.feeds.reading.columns", "_PLACE.fullmatch", "'POINT' + ' ' * n"),
    "a place of letters": ("tasks.feeds.reading.columns", "_PLACE.fullmatch", "'A' * n"),
    "a name of an id": ("tasks.feeds.reading.columns", "_ID_LIKE.search", "'number' * (n // 6) + '!'"),
    "tags that never end": ("tasks.feeds.connectors.news.connector", "_plain", "'<br' * (n // 3)"),
    "spaces": ("tasks.feeds.connectors.news.connector", "_plain", "'a' + ' ' * n + 'b'"),
    "line breaks": ("tasks.feeds.connectors.news.connector", "_plain", "'a' + '\\n ' * n + 'b'"),
    "brackets": ("tasks.feeds.connectors.weather.tables", "_unit", "'(' * n"),
    "a day": ("tasks.feeds.reading.times_written", "_NUMERIC.fullmatch", "'01/01/2024' + ' ' * n + 'x'"),
    "a year": (
        "tasks.feeds.reading.times_written",
        "_YEAR_FIRST.fullmatch",
        "'2024-01-01 12:00:00.' + '1' * n + 'x'",
    ),
    "a month": (
        "tasks.feeds.reading.times_written",
        "_MONTH_NAMED.fullmatch",
        "'January 1, 2024' + ' ' * n + 'x'",
    ),
    "a clock": ("tasks.feeds.reading.clocks", "_is_clock", "'14:30' + ' ' * n + 'x'"),
    "degrees behind an address": (
        "tasks.feeds.reading.locations",
        "before_degrees",
        "'(' + '1' * (n // 2) + '.1' + ' ' * (n // 2)",
    ),
    "an age": ("tasks.feeds.fetching.headers", "_MAX_AGE.search", "'max-age' + ' ' * n + '='"),
    "a host": ("tasks.feeds.fetching.addresses", "_NUMERIC.fullmatch", "'1.' * (n // 2) + 'x'"),
}


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (ALLOWED_SECONDS, ALLOWED_SECONDS))


@pytest.mark.row(7)
@pytest.mark.parametrize("what", CASES)
def test_no_text_of_a_publisher_keeps_a_pattern_busy(what: str, tries: Tries) -> None:
    """A megabyte of the worst text is read within a processor limit that a squared effort exceeds by hours."""
    module, asked, text = CASES[what]
    code = f"import {module} as m; n = {SIZE}; m.{asked}({text})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, preexec_fn=_limit, check=False)

    # Anything but the limit is a pattern that moved, and no answer to the question.
    assert done.returncode in {0, -signal.SIGXCPU, -signal.SIGKILL}
    tries(what, done.returncode == 0)
