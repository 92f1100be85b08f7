"""
[p] Rows of a text table in blocks: told apart before they are read, and read column by column.

A block gives the same rows as reading its records one by one does; what a column cannot settle (a time
that is none, a place outside the world) is left to be read alone, so that there is one reading of it.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from tasks.feeds.bulk_columns import Columns, Part
from tasks.feeds.connector import Record
from tasks.feeds.quality import Context
from tasks.feeds.reading import Reader
from tasks.feeds.store_encode import Row
from tasks.feeds.tables import Row as Cells

BLOCK_ROWS: Final = 3_000


def _joined(row: Sequence[Any]) -> str:
    """Return a row in one text; a cell that is not there differs from an empty one."""
    try:
        return "\x1f".join(row)
    except TypeError:
        return "\x1f".join("\0" if cell is None else str(cell) for cell in row)


class Block:
    """
    Some rows that follow each other and can be told apart before they are read.

    `external_ids` has one for each, no two the same; it is empty when the rows can only be read one by
    one. Reading them one by one and reading them at once give the same.
    """

    def __init__(self, rows: Sequence[Any], number: int, prefix: str, reader: Reader, how: "How") -> None:
        self.size = len(rows)
        self._rows = rows
        self._number = number
        self._prefix = prefix
        self._reader = reader
        self._how = how
        self.external_ids: Sequence[str] = how.columns.ids(rows) if how.columns else []

    def hashes(self) -> npt.NDArray[np.int64]:
        """Return a hash of each row as it was sent, and of how it is read; the same on every machine."""
        seed = self._how.seed
        digests = [blake2b(_joined(row).encode(), digest_size=8, key=seed).digest() for row in self._rows]
        return np.frombuffer(b"".join(digests), dtype=">i8").astype(np.int64)

    def address(self, place: int) -> str:
        """Return the address of a row in its run."""
        return f"{self._prefix}{self._number + place}"

    def record(self, place: int) -> Record:
        """Read one row by itself."""
        return self._reader.read(self._rows[place], self.address(place))

    def rows(
        self, places: Sequence[int], hashes: Sequence[int], context: Context
    ) -> tuple[list[Row], list[int]]:
        """
        Read rows, whose hashes are given, column by column.

        Returns: the rows as they are stored, and the places of those that have to be read alone.
        """
        columns = self._how.columns
        if columns is None or not places:
            return [], list(places)
        is_whole = len(places) == self.size
        part = Part(
            self._rows if is_whole else [self._rows[place] for place in places],
            self.external_ids if is_whole else [self.external_ids[place] for place in places],
            [self.address(place) for place in places],
            hashes,
        )
        found, left = columns.read(part, context)
        return found, [places[at] for at in left]


class How:
    """How the rows of one table are read; `seed` tells one reading from another."""

    def __init__(self, reader: Reader, told: Any) -> None:
        self.columns = Columns.of(reader)
        self.seed = blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=32).digest()


def blocks(rows: Iterator[Cells], prefix: str, reader: Reader, how: How) -> Iterator[Record | Block]:
    """Yield rows in blocks, and those that are none as the records that set them aside."""
    number = 0
    while part := list(islice(rows, BLOCK_ROWS)):
        good = [row for row in part if row.__class__ is list]
        if len(good) == len(part):
            yield Block(part, number, prefix, reader, how)
        else:
            yield from (reader.read(row, f"{prefix}{number + at}") for at, row in enumerate(part))
        number += len(part)
