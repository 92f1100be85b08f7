"""
[p] The JSON forms of a table: lists of objects, lines of them, GeoJSON, and what portals put around them.

Also lists below a header, as spreadsheets on the web answer (https://developers.google.com/workspace/sheets/api) and
the census does.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from tasks.feeds.connector import Malformed
from tasks.feeds.reading.cells import BadRow, Row, check_filled, each_once, names_of
from tasks.feeds.reading.documents import json_of
from tasks.feeds.reading.json_lines import SEPARATOR, are_rows, lines_of, row_of
from tasks.feeds.reading.json_rows import Held, held_by, is_header
from tasks.feeds.reading.json_size import too_much
from tasks.feeds.reading.long_json import Inseparable, Opened, apart


def rows_of(content: bytes, name: str) -> tuple[Sequence[str], Iterator[Row]]:
    """
    Return column names and rows.

    Raises: Malformed if it is no JSON, or holds no rows; it names the payload.
    """
    held = held_by(_document(content, name), name)
    return _table(held, list(held), name)


def rows_of_long(opened: Opened, name: str) -> tuple[Sequence[str], Iterator[Row]]:
    """
    Return column names and rows as `rows_of` does, of a document that is never held: it is read several times.

    Raises: Inseparable if it can only be read whole; Malformed as above.
    """
    document, some, rows = apart(opened, name)
    held = held_by(document, name)
    if held.rows is not some:
        raise Inseparable
    return _table(held, replace(held, rows=rows), name)


def _document(content: bytes, name: str) -> Any:  # Any: JSON.
    """Return a document, or a list of what stands in lines of JSON."""
    try:
        return json_of(content.lstrip(SEPARATOR), name)
    except Malformed:
        if too_much(content) or not are_rows(lines := lines_of(content)):
            raise
        return list(map(row_of, lines))


def _table(held: Held, rows: Iterable[Any], name: str) -> tuple[Sequence[str], Iterator[Row]]:
    """Read rows that were made, which are gone through again for each look: lists below a header, or objects."""
    if held.header is not None:
        return _lists(held.header, rows, 0, name)
    first = list(islice(rows, 2))
    if len(first) == 2 and is_header(first[0]) and isinstance(first[1], list):
        return _lists(first[0], rows, 1, name)
    names = names_of(rows, name)
    return names, (_cells(row, names) for row in rows)


def _lists(
    header: list[str | None], rows: Iterable[Any], above: int, name: str
) -> tuple[Sequence[str], Iterator[Row]]:
    """Read lists, of which so many stand above the first row."""
    names = each_once([cell or "" for cell in header])
    count = told = 0
    for row in islice(rows, above, None):
        if isinstance(row, list):
            count, told = count + 1, told + len(row)
    check_filled(len(names), count, told, name)
    return names, (_row(row, len(names)) for row in islice(rows, above, None))


def _cells(row: Any, names: Sequence[str]) -> Row:  # Any: JSON.
    """Return the cells of an object."""
    if not isinstance(row, Mapping):
        return BadRow("not_an_object", "", repr(row)[:500])
    return [row.get(name) for name in names]


def _row(row: Any, width: int) -> Row:  # Any: JSON.
    """Return the cells of a list; it may end where the rest is empty."""
    if not isinstance(row, list):
        return BadRow("not_an_object", "", repr(row)[:500])
    if len(row) > width:
        return BadRow("bad_width", f"{len(row)} cells instead of {width}", repr(row)[:500])
    return [*row, *[None] * (width - len(row))]
