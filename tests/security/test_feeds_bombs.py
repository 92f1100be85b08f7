"""Tables of publishers that swell: what is packed is given up at a limit, in constant memory."""

import gzip
import tracemalloc
from functools import partial
from io import BytesIO

import pytest

from shared.clock import utcnow
from tasks.feeds.connector import Malformed, Payload
from tasks.feeds.reading import tables, unpacked
from tests.security.conftest import Tries

MIB = 1 << 20


@pytest.mark.row(7)
@pytest.mark.parametrize(
    ("start", "why"), [(b"id,name\n1,", "a line of more than"), (b"id,", "no header: field larger than")]
)
def test_a_line_without_an_end_is_given_up(start: bytes, why: str, tries: Tries) -> None:
    """As a row and as the header: a few hundred kilobytes of gzip hold 200 MiB of one cell."""
    packed = gzip.compress(start) + gzip.compress(b"x" * MIB) * 200
    tracemalloc.start()
    try:
        refused = why in _read(_payload(packed))[1]
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    tries(f"refused {refused}, {peak_bytes:,} bytes", refused and peak_bytes < 100 * MIB)


@pytest.mark.row(7)
def test_a_row_that_goes_on_from_line_to_line_is_given_up(tries: Tries) -> None:
    """Each of its lines is short, and ends within quotes."""
    packed = gzip.compress(b"id,name\n1,a\n") + gzip.compress(b'"x\n",' * (MIB // 5)) * 200
    tracemalloc.start()
    try:
        taken, why = _read(_payload(packed))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    tries(f"{why!r} after {taken} rows", (taken, why) == (1, "table: a row of more than 1,048,576 bytes"))
    tries(f"{peak_bytes:,} bytes", peak_bytes < 200 * MIB)


@pytest.mark.row(7)
def test_lawful_rows_that_never_end_are_given_up_at_a_named_limit(
    tries: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few hundred kilobytes of gzip hold rows for hours; a real export of a gigabyte is below the limit."""
    tries("a limit below the largest real export", unpacked.MOST_UNPACKED_BYTES > 1.5 * 1024 * MIB)
    monkeypatch.setattr(unpacked, "MOST_UNPACKED_BYTES", 3 * MIB)
    rows = gzip.compress(b"1,a name\n" * (MIB // 9))
    tracemalloc.start()
    try:
        taken, why = _read(_payload(gzip.compress(b"id,name\n") + rows * 400))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    tries(f"{why!r} after {taken:,} rows", why == "table: unpacks to more than 3,145,728 bytes")
    tries(f"{peak_bytes:,} bytes", peak_bytes < 16 * MIB)
    tries("rows before the limit are lost", taken > 2 * MIB // 9)
    taken, why = _read(_payload(gzip.compress(b"id,name\n") + rows * 2))
    tries("a table below the limit is refused", (taken, why) == (2 * (MIB // 9), ""))


def _payload(packed: bytes) -> Payload:
    return Payload("table", "https://example.org/table.csv.gz", partial(BytesIO, packed), utcnow())


def _read(payload: Payload) -> tuple[int, str]:
    """Read a table to its end; returns how many rows came, and why no more did."""
    taken = 0
    try:
        for _ in tables.load(payload).rows:
            taken += 1
    except Malformed as error:
        return taken, str(error)
    return taken, ""
