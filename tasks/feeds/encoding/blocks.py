"""
[p] Rows of a text table in blocks: told apart before they are split, and read column by column.

A block gives the same rows as reading its records one by one does; what a column cannot settle (a time
that is none, a place outside the world) is left to be read alone, so that there is one reading of it.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from tasks.feeds.connector import Record
from tasks.feeds.encoding.binary import clean
from tasks.feeds.encoding.columns import Columns
from tasks.feeds.encoding.lines import NO_LINES, Lines, Named
from tasks.feeds.quality import Context
from tasks.feeds.reading.cells import BadRow, Row
from tasks.feeds.reading.cells import Lines as TextLines
from tasks.feeds.reading.delimited import Raw
from tasks.feeds.reading.rows import Reader
from tasks.feeds.reading.words import NOTHING

BLOCK_ROWS: Final = 1_000
_DIGEST: Final = np.dtype([("begin", ">i8"), ("rest", "V24")])

Sent = Raw | Row
"""A row as it was sent: text that may be split yet, or cells of any format."""


class How:
    """How the rows of one table are read; `seed` tells one reading from another."""

    def __init__(self, reader: Reader, told: Any, lines: TextLines | None = None) -> None:
        self.reader = reader
        self.columns = Columns.of(reader)
        self.lines = lines
        self.delimiter = lines.delimiter if lines else ","
        self.seed = sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).digest()

    def cells(self, row: Sent) -> Row:
        """Return the cells of a row."""
        if self.lines is None or isinstance(row, BadRow):
            return row  # type: ignore[return-value]  # of other formats rows are cells already
        return self.lines.cells(row)  # type: ignore[arg-type]  # of a text file rows are as they lie there

    def written(self, row: Sent) -> bytes:
        """Return a row in one text, the same whether it is split already; a cell not there is no empty one."""
        if isinstance(row, str):
            return row.encode()
        if isinstance(row, BadRow | csv.Error):
            return b""
        try:
            text = self.delimiter.join(row)
            # Of cells that hold the delimiter this text could be another row's.
            if text.count(self.delimiter) < len(row):
                return text.encode()
            return b"\x1f" + "\x1f".join(row).encode()
        except TypeError:
            return "\x1f".join("\0" if cell is None else str(cell) for cell in row).encode()


class Block:
    """
    Some rows that follow each other and can be told apart before they are read.

    Reading them one by one and reading them at once give the same.
    """

    def __init__(self, rows: Sequence[Sent], number: int, prefix: str, how: How) -> None:
        self.size = len(rows)
        self.prefix = prefix
        self.number = number
        self._rows = rows
        self._how = how

    def hashes(self) -> npt.NDArray[np.int64]:
        """
        Return a hash of each row as it was sent, and of how it is read; the same on every machine.

        The first eight bytes of a sha256, which processors compute in half the time of a keyed blake2b.

        Raises: UnicodeEncodeError for half a character.
        """
        seed, written = self._how.seed, self._how.written
        digests = [
            sha256(seed + (row.encode() if row.__class__ is str else written(row))).digest()
            for row in self._rows
        ]
        return np.frombuffer(b"".join(digests), dtype=_DIGEST)["begin"].astype(np.int64)

    def address(self, place: int) -> str:
        """Return the address of a row in its run."""
        return f"{self.prefix}{self.number + place}"

    def record(self, place: int) -> Record:
        """Read one row by itself."""
        return self._how.reader.read(self._how.cells(self._rows[place]), self.address(place))

    def ids(self) -> tuple[list[str], list[int]]:
        """
        Return each row's id, and the places of those that have none of their own: they can only be read alone.

        There are no ids when all are such.
        """
        columns = self._how.columns
        if columns is None or self._how.lines is None:
            return [], list(range(self.size))
        found = self._written_ids(columns.id_place, self._how.delimiter, self._how.lines.width)
        distinct = set(found)
        if len(distinct) == len(found) and "" not in distinct and NOTHING.isdisjoint(distinct):
            return found, []
        counted = Counter(found)
        none = {"", *NOTHING}
        return found, [place for place, id_ in enumerate(found) if id_ in none or counted[id_] > 1]

    def _written_ids(self, at: int, delimiter: str, width: int) -> list[str]:
        """Return the cell of each row that holds its id, without its blanks; that of no row is empty."""
        last = at + 1
        found = [
            (row.split(delimiter, last)[at] if row.count(delimiter) + 1 == width else "")
            if row.__class__ is str
            else row[at]
            if isinstance(row, list) and len(row) == width
            else ""
            for row in self._rows
        ]
        found = list(map(str.strip, found))
        return found if "".join(found).isprintable() else list(map(clean, found))

    def read(self, named: Named, hashes: Sequence[int], context: Context) -> tuple[Lines, list[int]]:
        """
        Read rows of a block, named by place and id, whose hashes are given, column by column.

        Returns: the rows as they are stored, and the places of those that have to be read alone.
        """
        columns, lines = self._how.columns, self._how.lines
        if columns is None or lines is None or not named.places:
            return NO_LINES, list(named.places)
        is_whole = len(named.places) == self.size
        rows = self._rows if is_whole else [self._rows[place] for place in named.places]
        cells = lines.columns(rows)  # type: ignore[arg-type]  # of a text file rows are as they lie there
        if cells is None:
            return NO_LINES, list(named.places)
        addresses = [(self.prefix, self.number + place) for place in named.places]
        found, left = columns.read(cells, named.ids, hashes, addresses, context)
        return found, [named.places[at] for at in left]


def in_blocks(rows: Iterator[Sent], prefix: str, how: How) -> Iterator[Block]:
    """Yield rows in blocks."""
    number = 0
    while part := list(islice(rows, BLOCK_ROWS)):
        yield Block(part, number, prefix, how)
        number += len(part)
