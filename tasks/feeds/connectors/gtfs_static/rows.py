"""[p] The rows of a table's lines; a quote that nothing ends costs the line it stands in, and no line behind it."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

Row: TypeAlias = list[str] | csv.Error
"""The cells of a row, or why it is none."""

#: Why a blank line is no row.
EMPTY: Final = "the line holds nothing"
_ENDLESS: Final = "its quotes do not end"
#: From so many lines on, a quoted cell that holds rows of the table began with a quote that nobody meant.
_FEWEST_LINES: Final = 4


def rows(lines: Iterable[str], delimiter: str) -> Iterator[Row]:
    """Yield the rows of a table, the header among them; raises what the lines raise."""
    held = _Lines(lines)
    reader = csv.reader(held, delimiter=delimiter, skipinitialspace=True)
    width = 0
    while True:
        held.row.clear()
        try:
            row: Row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            row = error
        goes_on = len(held.row) > 1 and (isinstance(row, csv.Error) or _are_rows(held.row, delimiter, width))
        if goes_on or held.ran_out:
            held.give_back()
            yield csv.Error(_ENDLESS)
            continue
        if isinstance(row, csv.Error):
            yield row
            continue
        width = width or len(row)
        yield row if len(row) > 1 or (row and row[0].strip()) else csv.Error(EMPTY)


def _are_rows(lines: Sequence[str], delimiter: str, width: int) -> bool:
    """Tell whether most lines of one row, but its first and last, have the cells of a row themselves."""
    inner = lines[1:-1]
    full = sum(line.count(delimiter) == width - 1 for line in inner)
    return len(lines) >= _FEWEST_LINES and width > 1 and full * 2 > len(inner)


class _Lines:
    """Lines as `csv` takes them, of which those of the row in hand can be taken again."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: list[str] = []
        self.row: list[str] = []
        #: A line was asked for when there was none any more.
        self.ran_out = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._lines, None)
        if line is None:
            self.ran_out = True
            raise StopIteration
        self.row.append(line)
        return line

    def give_back(self) -> None:
        """Take all lines of the row in hand but its first once more."""
        self._again += reversed(self.row[1:])
        self.ran_out = False
