"""
[p] Rows of a text table in blocks: told apart before they are read, and read column by column.

A block gives the same rows as reading its records one by one does; what a column cannot settle (a time
that is none, a place outside the world) is left to be read alone, so that there is one reading of it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import orjson
from xxhash import xxh3_64_intdigest

from tasks.feeds.connector import Record
from tasks.feeds.encoding.columns import Columns
from tasks.feeds.encoding.lines import Lines
from tasks.feeds.encoding.rows import digest_of
from tasks.feeds.encoding.weave import Numbers
from tasks.feeds.quality import Context
from tasks.feeds.reading.grid import Flags, Grid, Rows
from tasks.feeds.reading.rows import Reader
from tasks.feeds.reading.words import NOTHING


class How:
    """How the rows of one table are read; `seed` tells one reading from another."""

    def __init__(self, reader: Reader, columns: Columns, told: Any) -> None:
        self.reader = reader
        self.columns = columns
        self.seed = xxh3_64_intdigest(orjson.dumps(told, option=orjson.OPT_SORT_KEYS))


class Block:
    """
    Some rows that follow each other and can be told apart before they are read.

    Reading them one by one and reading them at once give the same.
    """

    def __init__(self, grid: Grid, number: int, prefix: str, how: How) -> None:
        self.size = grid.size
        self.prefix = prefix
        self.number = number
        self._grid = grid
        self._how = how

    def hashes(self) -> Numbers:
        """Return a hash of each row as it was sent, and of how it is read; the same on every machine."""
        seed = self._how.seed
        return np.array([xxh3_64_intdigest(row, seed) for row in self._grid.rows()], np.uint64).view(np.int64)

    def address(self, place: int) -> str:
        """Return the address of a row in its run."""
        return f"{self.prefix}{self.number + place}"

    def record(self, place: int) -> Record:
        """Read one row by itself."""
        return self._how.reader.read(self._grid.cells(place), self.address(place))

    def ids(self) -> tuple[list[str], Flags]:
        """Return each row's id, and of which it takes reading the row by itself to tell it."""
        grid, at = self._grid, self._how.columns.id_place
        written = grid.texts(*grid.stripped(*grid.column(at)))
        if len(written) == self.size:
            found, alone = written, grid.doubtful.copy()
        else:
            found, alone = [""] * self.size, np.ones(self.size, dtype=np.bool_)
            for place, id_ in zip(grid.whole.tolist(), written, strict=True):
                found[place] = id_
            alone[grid.whole] = grid.doubtful
        distinct = set(found)
        if len(distinct) < self.size or "" in distinct or not NOTHING.isdisjoint(distinct):
            counted = Counter(found) | dict.fromkeys(("", *NOTHING), 2)
            alone |= np.fromiter((counted[id_] > 1 for id_ in found), dtype=np.bool_, count=self.size)
        return found, alone

    def read(self, places: Rows, ids: list[str], hashes: Numbers, context: Context) -> tuple[Lines, Rows]:
        """
        Read some rows, with the ids and hashes that all have, column by column; rows to be read alone are not among them.

        Returns: the rows as they are stored, and the places of those that have to be read alone.
        """
        read, alone = self._how.columns.read(self._grid, np.searchsorted(self._grid.whole, places), context)
        kept = places[~alone]
        lines = Lines(
            self._how.reader.kind,
            self.prefix,
            (kept + self.number).tolist(),
            [ids[place] for place in kept.tolist()],
            list(map(digest_of, read.bodies)),
            read.bodies,
            read.observed,
            read.where.shapes,
            hashes[kept],
        )
        return lines, places[alone]


def in_blocks(grids: Iterable[Grid], prefix: str, how: How) -> Iterator[Block]:
    """Yield the rows of grids in blocks."""
    number = 0
    for grid in grids:
        yield Block(grid, number, prefix, how)
        number += grid.size
