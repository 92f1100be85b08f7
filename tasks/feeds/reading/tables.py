"""[p] A payload of any of the export forms as a table: column names and an iterator of rows."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import Final

from tasks.feeds.connector import Malformed, Payload
from tasks.feeds.reading import (
    delimited,
    headers,
    json_rows,
    long_json,
    other_forms,
    parquet,
    table_json,
    unpacked,
    workbooks,
    zips,
)
from tasks.feeds.reading.cells import Row, check_width, each_once
from tasks.feeds.reading.documents import json_of
from tasks.feeds.reading.grid import Grid
from tasks.feeds.reading.pieces import pieces, texts

_JSON_LOOKED_AT: Final = 4096


class Table:
    """Column names and rows, read as they are asked for; those of a text file also many at once, in `grids`."""

    def __init__(
        self, names: Sequence[str], rows: Iterator[Row] | None = None, grids: Iterator[Grid] | None = None
    ) -> None:
        self.names = names
        self.grids = grids
        self.rows: Iterator[Row] = self._cells() if rows is None else rows

    @property
    def is_text(self) -> bool:
        """Tell whether every cell is text."""
        return self.grids is not None

    def first(self, count: int) -> list[Row]:
        """Return the first rows without taking them."""
        if self.grids is None:
            ahead = list(islice(self.rows, count))
            self.rows = chain(ahead, self.rows)
            return ahead
        grids: list[Grid] = []
        while sum(grid.size for grid in grids) < count and (grid := next(self.grids, None)) is not None:
            grids.append(grid)
        self.grids = chain(grids, self.grids)
        return list(islice((grid.cells(at) for grid in grids for at in range(grid.size)), count))

    def _cells(self) -> Iterator[Row]:
        for grid in self.grids or ():
            yield from map(grid.cells, range(grid.size))


def load(payload: Payload, sheet: str = "") -> Table:
    """
    Return the column names and the rows, read as they are asked for; of a workbook those of a `sheet` by its name.

    Raises: Malformed if the payload is no table, or has no such sheet; while rows are read, too.
    """
    return _load(payload, sheet)


def _load(payload: Payload, sheet: str, *, is_member: bool = False) -> Table:
    start = unpacked.beginning(payload, delimited.SNIFFED_BYTES)
    if start.startswith(zips.BEGINS):
        return _zipped(payload, start, sheet, is_member)
    if sheet:
        raise Malformed(f"{payload.name}: no workbook, and no sheet {sheet!r:.40}")
    if start.startswith(parquet.BEGINS):
        return Table(*parquet.rows_of(unpacked.whole(payload), payload.name))
    if (encoding := _encoding_of_json(start)) is not None:
        return Table(*_json(payload, encoding))
    return _delimited(payload, start)


def _json(payload: Payload, encoding: str) -> tuple[Sequence[str], Iterator[Row]]:
    again = partial(unpacked.opened, payload)
    if long_json.is_long(again):
        with suppress(long_json.Inseparable):
            return table_json.rows_of_long(again, payload.name)
    content = unpacked.whole(payload)
    if encoding:
        content = content.decode(encoding, "replace").encode()
    return table_json.rows_of(content, payload.name)


def _zipped(payload: Payload, start: bytes, sheet: str, is_member: bool) -> Table:
    """Return the table of a workbook, or the one that a zip holds."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(unpacked.whole(payload)))
        if workbooks.is_workbook(archive):
            return Table(*workbooks.rows_in(archive, payload.name, sheet))
    except zips.BROKEN as error:
        raise Malformed(f"{payload.name}: a broken ZIP archive: {error!s:.100}") from None
    if form := other_forms.named(start):
        raise Malformed(f"{payload.name}: {form}; {other_forms.ACCEPTED}")
    if is_member:
        raise Malformed(f"{payload.name}: a ZIP archive within another; {other_forms.ACCEPTED}")
    member = zips.only_table(archive, payload.name, partial(_has_rows, archive))
    held = replace(
        payload,
        name=f"{payload.name}: {member.filename:.80}",
        open=lambda: unpacked.buffered(zips.Member(archive, member)),
    )
    return _load(held, sheet, is_member=True)


def _has_rows(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    """Tell whether a document of a zip holds rows; one that is no JSON holds none."""
    try:
        zips.check([member], member.filename)
        return json_rows.holds_rows(json_of(archive.read(member), member.filename))
    except (Malformed, *zips.BROKEN):
        return False


def _encoding_of_json(start: bytes) -> str | None:
    """Return the encoding of a document or of lines of JSON, an empty one for UTF-8; none if it is no JSON."""
    encoding = delimited.encoding_of(start[:_JSON_LOOKED_AT])
    text = start[:_JSON_LOOKED_AT].decode(encoding, "replace")
    if text.lstrip("\ufeff \t\r\n\x1e")[:1] not in ("[", "{"):
        return None
    return encoding if encoding.startswith("utf-16") else ""


def _delimited(payload: Payload, start: bytes) -> Table:
    layout = delimited.layout(start, payload.name)
    try:
        lines = csv.reader(
            io.StringIO(start.decode(layout.encoding, delimited.MENDED).replace("\0", ""), newline=""),
            delimiter=layout.delimiter,
        )
        names = next(islice(lines, layout.above, None), [])
        above = lines.line_num
        short = headers.short_widths(lines, len(names))
    except csv.Error as error:
        raise Malformed(f"{payload.name}: no header: {error}") from None
    if len(names) < 2:
        raise Malformed(
            f"{payload.name}: no table: the header has {len(names)} column; {other_forms.ACCEPTED}"
        )
    check_width(len(names), payload.name)
    grids = _grids(payload, layout, above, len(names), short)
    return Table(each_once(names), grids=grids)


def _grids(
    payload: Payload, layout: delimited.Layout, above: int, width: int, short: Set[int]
) -> Iterator[Grid]:
    with unpacked.opened(payload) as stream:
        try:
            for piece in pieces(texts(unpacked.lined(stream), layout, above), layout.delimiter, width):
                yield Grid(piece, width, layout.delimiter, short)
        except UnicodeError as error:
            raise Malformed(f"{payload.name}: {error}") from None
