"""[p] Where the header of a text table stands, and what parts its cells."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

_DELIMITERS: Final = ",\t;|"
_LINES_LOOKED_AT: Final = 60
_ROWS_LOOKED_AT: Final = 200
_FEWEST_SHORT: Final = 3
_MOST_ABOVE: Final = 20
#: A spreadsheet's hint to itself.
_HINT: Final = re.compile(r'"?sep=([,\t;|])"?\s*', re.IGNORECASE)


def find(text: str) -> tuple[str, int]:
    """
    Return the delimiter, and how many rows stand above the header: blank ones, a hint, the title of a report.

    Args: the beginning of a file that is not blank.
    """
    lines = text.splitlines(keepends=True)[:_LINES_LOOKED_AT]
    first = next(at for at, line in enumerate(lines) if line.strip())
    if hint := _HINT.fullmatch(lines[first]):
        return hint.group(1), first + 1
    usual = _most_common(lines[first])
    delimiter = _most_common("".join(lines)) or ","
    if usual and _parted(lines, usual) * 2 >= _parted(lines, delimiter):
        delimiter = usual
    try:
        return delimiter, above(list(csv.reader(lines, delimiter=delimiter)), first)
    except csv.Error:
        return delimiter, first


def short_widths(rows: Iterator[Sequence[str]], width: int) -> frozenset[int]:
    """
    Return how many cells rows have that lack their last, empty ones, which some programs do not write.

    Of the first rows at least one in ten has so few. Where a row is broken in two by the end of a line in its text, both
    halves are as common: such are none.
    """
    counted: Counter[int] = Counter()
    with suppress(csv.Error):
        counted.update(len(row) for row in islice(rows, _ROWS_LOOKED_AT))
    fewest = max(_FEWEST_SHORT, counted.total() / 10)
    return frozenset(
        count
        for count, times in counted.items()
        if 1 < count < width and times >= fewest and counted[width + 1 - count] * 2 < times
    )


def _most_common(text: str) -> str | None:
    counted = Counter(character for character in text if character in _DELIMITERS)
    return counted.most_common(1)[0][0] if counted else None


def _parted(lines: Sequence[str], delimiter: str) -> int:
    return sum(delimiter in line for line in lines)


def above(rows: Sequence[Sequence[str]], first: int) -> int:
    """Return the place of the header: the first row, unless it fills half of what the others have, or less."""
    widths = Counter(len(row) for row in rows if len(row) > 1)
    width = widths.most_common(1)[0][0] if widths else 0
    if width <= 2 or _filled(rows[first]) * 2 > width:
        return first
    for place, row in enumerate(rows[first + 1 : _MOST_ABOVE], start=first + 1):
        if len(row) == width and _filled(row) * 2 > width:
            # Names begin with a letter: what looks like a row of values makes no title of the first.
            return first if sum(cell.strip()[:1].isdigit() for cell in row) * 2 > width else place
    return first


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)
