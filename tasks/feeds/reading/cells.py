"""[p] One row of a table: its cells, or why it is none."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, TypeAlias

from tasks.feeds.connector import Malformed

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


def check_filled(columns: int, rows: int, values: int, name: str) -> None:
    """Refuse a table of too many columns, or one with next to nothing in them; the error names the payload."""
    check_width(columns, name)
    if columns * rows > _ABSENT_BESIDES + _ABSENT_FOR_EACH * values:
        raise Malformed(f"{name}: no table: {rows:,} rows with {values:,} values in {columns:,} columns")


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
    check_filled(len(names), count, told, name)
    return list(names)


def each_once(told: Sequence[str]) -> list[str]:
    """
    Return names that are one column's each, without blanks around them.

    A column without a name has its letter, as spreadsheets show it; of the second of a name its number is part.
    """
    found: dict[str, None] = {}
    for column, name in enumerate(told):
        number, once = 1, name.strip() or letters(column)
        first = once
        while once in found:
            number += 1
            once = f"{first} {number}"
        found[once] = None
    return list(found)


def letters(column: int) -> str:
    """Return the letters that name a column."""
    named, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        named = chr(ord("A") + rest) + named
    return named


def plain(cell: Any) -> Any:  # Any: a cell of any format.
    """Write what JSON has no form for (days and moments of Parquet and workbooks) as text."""
    if isinstance(cell, date):
        return cell.isoformat().replace("+00:00", "Z")
    return cell if cell is None or isinstance(cell, str | bool | int | float | list | dict) else str(cell)
