"""Tables of publishers that swell: a packed line without an end is given up long before it is whole."""

import gzip
import tracemalloc
from functools import partial
from io import BytesIO

import pytest

from shared.clock import utcnow
from tasks.feeds.connector import Malformed, Payload
from tasks.feeds.reading import tables
from tests.security.conftest import Tries

MIB = 1 << 20


@pytest.mark.row(7)
@pytest.mark.parametrize("start", [b"id,name\n1,", b"id,"])
def test_a_line_without_an_end_is_given_up(start: bytes, tries: Tries) -> None:
    """As a row and as the header: a few hundred kilobytes of gzip hold 200 MiB of one cell."""
    packed = gzip.compress(start) + gzip.compress(b"x" * MIB) * 200
    payload = Payload("table", "https://example.org/table.csv.gz", partial(BytesIO, packed), utcnow())
    tracemalloc.start()
    try:
        refused = _is_refused(payload)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    tries(f"refused {refused}, {peak_bytes:,} bytes", refused and peak_bytes < 100 * MIB)


def _is_refused(payload: Payload) -> bool:
    try:
        for _ in tables.load(payload).rows:
            pass
    except Malformed as error:
        return "line" in str(error)
    return False
