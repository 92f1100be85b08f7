"""[p] One row of a table: its cells, or why it is none; and rows of text that are split as they are asked for."""

import csv
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from tasks.feeds.reading.delimited import Raw


class BadRow(NamedTuple):
    """A row that is none: why, and what it looked like."""

    reason: str
    detail: str
    excerpt: str


#: Cells in the order of the names; text from text files, JSON and Arrow values from the others.
Row: TypeAlias = Sequence[Any] | BadRow


class Lines:
    """The rows of a text file, unsplit; each has one line unless it is quoted. Taking from it takes from all."""

    def __init__(self, rows: Iterator[Raw], width: int, delimiter: str) -> None:
        self._rows = rows
        self.width = width
        self.delimiter = delimiter

    def __iter__(self) -> Iterator[Raw]:
        """Return the rows that are left."""
        return self._rows

    def cells(self, row: Raw) -> Row:
        """Split a row into its cells."""
        if isinstance(row, csv.Error):
            return BadRow("bad_row", str(row), "")
        found = row.split(self.delimiter) if isinstance(row, str) else row
        if len(found) == self.width:
            return found
        said = f"{len(found)} columns instead of {self.width}"
        return BadRow("bad_width", said, self.delimiter.join(found)[:500])

    def columns(self, rows: Sequence[Raw]) -> list[Sequence[str]] | None:
        """Return the columns of rows, all split at once when each is a line; none if one of them is no row."""
        if all(row.__class__ is str for row in rows):
            # A line's end between every two rows tells whether each has as many cells as it must.
            end = f"{self.delimiter}\n{self.delimiter}"
            cells = end.join(rows).split(self.delimiter)  # type: ignore[arg-type]  # they are text
            wide = self.width + 1
            if len(cells) == wide * len(rows) - 1 and set(cells[self.width :: wide]) <= {"\n"}:
                return [cells[at::wide] for at in range(self.width)]
        split = [self.cells(row) for row in rows]
        return None if any(row.__class__ is BadRow for row in split) else list(zip(*split, strict=True))
