"""A column of times gives what each of its cells gives when it is read by itself."""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Rejection
from tasks.feeds.encoding.binary import NEVER, microseconds
from tasks.feeds.encoding.times import Moments
from tasks.feeds.reading.grid import Grid
from tasks.feeds.reading.pieces import CELL, ROW, Piece
from tasks.feeds.reading.times import LocalTimes

TEXTS = (
    "", " ", "NULL", "soon", "2024-01-02", "2024-01-02T03:04:05", "2024-01-02 03:04:05", "2024-01-02T03:04:05.678",
    "2024-01-02T03:04:05Z", "2024-01-02T03:04:05+02:00", "2024-02-29", "2023-02-29", "2024-13-01", "2024-00-10",
    "2024-01-00", "2024-01-02T24:00:00", "2024-01-02T23:60:00", "2024-01-02T23:59:60", "2024-01-02x03:04:05",
    "03/10/2024", "10/03/2024 14:00:00", "13/03/2024 01:00:00 PM", "03/13/2024 01:00:00 PM", "01/02/2024 12:00:00 AM",
    "01/02/2024 12:00:00 PM", "01/02/2024 00:00:00 AM", "01/02/2024 13:00:00 PM", "01/02/2024 01:00:00 am",
    "03/10/2024 02:30:00 AM", "11/03/2024 01:30:00 AM", "2024-03-31T02:30:00", "2024-10-27T02:30:00", "1899-12-31",
    "1900-01-01T00:00:00", "2199-12-31T23:59:59", "2200-01-01", "0001-01-01", "9999-12-31T23:59:59", "1577836800",
    "２０２４-01-02", "2024-01-0a", "2024:01:02",
)  # fmt: skip


def grid_of(cells: list[str]) -> Grid:
    """Cells as the second column of a table."""
    return Grid(Piece("".join(f"{CELL}{cell}{ROW}" for cell in cells).encode(), {}), 2, ",")


def alone(times: LocalTimes, cell: str) -> int | None:
    """The count of one cell, none of what is no time."""
    try:
        moment = times.parse(cell)
    except Rejection:
        return None
    return NEVER if moment is None else microseconds(moment)


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Paris", "Asia/Kathmandu"])
@pytest.mark.parametrize("day_first", [False, True])
def test_each_form_gives_what_it_gives_by_itself(zone: str, day_first: bool) -> None:
    """Whatever is written, on days of a clock change, too; what is no time is told by its place."""
    times = LocalTimes(zone, day_first=day_first)
    cells = [*TEXTS, *TEXTS]
    grid = grid_of(cells)
    is_alone = np.zeros(len(cells), dtype=np.bool_)

    found = Moments(times).read(grid, *grid.column(1), is_alone)

    expected = [alone(times, cell) for cell in cells]
    assert expected == [None if left else count for count, left in zip(found.tolist(), is_alone, strict=True)]


@given(at=st.datetimes(datetime(1850, 1, 1), datetime(2250, 1, 1)))  # noqa: DTZ001 - local times
def test_any_day_gives_what_it_gives_by_itself(at: datetime) -> None:
    """In the forms that are read many at a time."""
    times = LocalTimes("America/New_York")
    cells = [
        at.strftime(form) for form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y")
    ]
    grid = grid_of(cells)

    found = Moments(times).read(grid, *grid.column(1), np.zeros(len(cells), dtype=np.bool_))

    assert [alone(times, cell) for cell in cells] == found.tolist()
