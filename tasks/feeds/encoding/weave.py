"""
[p] Put rows together from pieces of bytes, all rows at once: no step of ours for each cell.

Each piece is a slice of one source for every row. What a piece takes from the source, and where it ends up, are
numbers; the bytes move once.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tasks.feeds.encoding.binary import NEVER, NULL
from tasks.feeds.reading.grid import Flags, Places

_NULL_LENGTH: Final = -1
#: Rows whose bytes are moved at once: for each byte eight tell where it comes from, and those fit beside a core.
_WOVEN_AT_ONCE: Final = 100
Numbers = npt.NDArray[np.int64]
_MOMENT: Final = np.dtype([("length", ">i4"), ("moment", ">i8")])


class Slices(NamedTuple):
    """Where a piece of each row begins in the source, and how many bytes it has."""

    starts: Places
    sizes: Places


class Weave:
    """The sources of some rows, and the pieces that each row is put together from, in their order."""

    def __init__(self, source: bytes, rows: int) -> None:
        self.rows = rows
        self._sources = [source]
        self._end = len(source)
        self._pieces: list[Slices] = []

    def source(self, value: bytes) -> int:
        """Add a source of bytes; returns where it begins."""
        begin = self._end
        self._sources.append(value)
        self._end += len(value)
        return begin

    def add(self, *pieces: Slices) -> None:
        """Append pieces to each row."""
        self._pieces += pieces

    def constant(self, value: bytes) -> Slices:
        """Return the same bytes for each row."""
        return self.choice(np.zeros(self.rows, dtype=np.intp), (value,))

    def choice(self, which: npt.NDArray[np.intp], values: Sequence[bytes]) -> Slices:
        """Return for each row one of the values."""
        starts = np.array([self.source(value) for value in values], dtype=np.int32)
        return Slices(starts[which], np.array(list(map(len, values)), dtype=np.int32)[which])

    def records(self, items: npt.NDArray[np.void] | npt.NDArray[np.int32]) -> Slices:
        """Return for each row its item of an array."""
        size = items.itemsize
        begin = self.source(items.tobytes())
        starts = np.arange(begin, begin + size * self.rows, size, dtype=np.int32)
        return Slices(starts, np.full(self.rows, size, dtype=np.int32))

    def replaced(self, slices: Slices, others: Mapping[int, bytes]) -> Slices:
        """Return slices of which some rows have other bytes."""
        if not others:
            return slices
        starts, sizes = slices.starts.copy(), slices.sizes.copy()
        for row, value in others.items():
            starts[row], sizes[row] = self.source(value), len(value)
        return Slices(starts, sizes)

    def where(self, which: Flags, slices: Slices, other: bytes) -> Slices:
        """Return slices where rows are `which`, other bytes elsewhere."""
        begin = self.source(other)
        return Slices(
            np.where(which, slices.starts, np.int32(begin)),
            np.where(which, slices.sizes, np.int32(len(other))),
        )

    def lengths(self, sizes: Places) -> Slices:
        """Return what stands before a field of so many bytes; before one of none that it is NULL."""
        return self.records(np.where(sizes == 0, np.int32(_NULL_LENGTH), sizes).astype(">i4"))

    def moments(self, counts: Numbers) -> Slices:
        """Return fields of moments that Postgres counts."""
        items = np.empty(self.rows, dtype=_MOMENT)
        items["length"], items["moment"] = 8, counts
        return self.where(counts != NEVER, self.records(items), NULL)

    def woven(self) -> list[bytes]:
        """Return the rows."""
        source = np.frombuffer(b"".join(self._sources), dtype=np.uint8)
        count = len(self._pieces)
        all_starts, all_sizes = np.empty((2, self.rows, count), dtype=np.int32)
        for at, piece in enumerate(self._pieces):
            all_starts[:, at], all_sizes[:, at] = piece
        steps = np.arange(0)
        found: list[bytes] = []
        for begin in range(0, self.rows, _WOVEN_AT_ONCE):
            part = slice(begin, begin + _WOVEN_AT_ONCE)
            starts, sizes = all_starts[part].ravel(), all_sizes[part].ravel()
            # Of the size of an address here: `take` would make them such.
            ends = np.cumsum(sizes, dtype=np.intp)
            taken = np.repeat(starts - (ends - sizes), sizes)
            if len(taken) > len(steps):
                steps = np.arange(2 * len(taken))
            taken += steps[: len(taken)]
            whole = source.take(taken, mode="clip").tobytes()
            bounds = [0, *ends[count - 1 :: count].tolist()]
            found += [whole[begin:end] for begin, end in pairwise(bounds)]
        return found
