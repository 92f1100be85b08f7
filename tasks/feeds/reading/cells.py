"""[p] One row of a table: its cells, or why it is none; and rows of text that are split as they are asked for."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from tasks.feeds.connector import Malformed
from tasks.feeds.reading.delimited import Raw

#: Columns of a table; each costs every row a look.
MOST_COLUMNS: Final = 1_000
#: Cells that a table of objects may leave out for each that it tells, and so many besides.
_ABSENT_FOR_EACH: Final = 50
_ABSENT_BESIDES: Final = 2_000_000


class BadRow(NamedTuple):
    """A row that is none: why, and what it looked like."""

    reason: str
    detail: str
    excerpt: str


#: Cells in the order of the names; text from text files, JSON and Arrow values from the others.
Row: TypeAlias = Sequence[Any] | BadRow


def check_width(columns: int, name: str) -> None:
    """Refuse a table of too many columns; the error names the payload."""
    if columns > MOST_COLUMNS:
        raise Malformed(f"{name}: a table of {columns:,} columns; {MOST_COLUMNS:,} are the most")


def names_of(rows: Iterable[Any], name: str) -> list[str]:  # Any: JSON of a publisher.
    """
    Return the names of the columns of objects, in the order in which they come first; what is no object has none.

    Raises: Malformed if they are too many, or if objects have next to none in common.
    """
    names: dict[str, None] = {}
    count = told = 0
    for row in rows:
        if isinstance(row, Mapping):
            count, told = count + 1, told + len(row)
            names |= dict.fromkeys(row)
    check_width(len(names), name)
    if len(names) * count > _ABSENT_BESIDES + _ABSENT_FOR_EACH * told:
        raise Malformed(f"{name}: no table: {count:,} rows with {told:,} values in {len(names):,} columns")
    return list(names)


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
