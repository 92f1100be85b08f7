"""[p] A payload of any of the export forms as a table: column names and an iterator of rows."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import IO, Any, BinaryIO, Final

from tasks.feeds.connector import GZIP, MOST_WHOLE_BYTES, Malformed, Payload
from tasks.feeds.reading import (
    delimited,
    headers,
    long_json,
    other_forms,
    parquet,
    table_json,
    workbooks,
    zips,
)
from tasks.feeds.reading.cells import Row, check_width, each_once
from tasks.feeds.reading.grid import Grid
from tasks.feeds.reading.pieces import pieces, texts

_JSON_LOOKED_AT: Final = 4096
_READ_BYTES: Final = 256 * 1024
#: No record of a publisher is longer; a packed line of gigabytes fits into kilobytes.
_LONGEST_LINE_BYTES: Final = 8 * 1024 * 1024
#: The most that a packed table may unpack to: twice an export of a gigabyte. What comes plain is limited as it is fetched.
MOST_UNPACKED_BYTES: Final = 2 * 1024 * 1024 * 1024


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
    with payload.open() as stream:
        start = _read(_unzipped(stream, payload.name), delimited.SNIFFED_BYTES, payload.name)
    if start.startswith(zips.BEGINS):
        return _zipped(payload, start, sheet, is_member)
    if sheet:
        raise Malformed(f"{payload.name}: no workbook, and no sheet {sheet!r:.40}")
    if start.startswith(parquet.BEGINS):
        return Table(*parquet.rows_of(_whole(payload), payload.name))
    if (encoding := _encoding_of_json(start)) is not None:
        return Table(*_json(payload, encoding))
    return _delimited(payload, start)


def _json(payload: Payload, encoding: str) -> tuple[Sequence[str], Iterator[Row]]:
    again = partial(opened, payload)
    if long_json.is_long(again):
        with suppress(long_json.Inseparable):
            return table_json.rows_of_long(again, payload.name)
    content = _whole(payload)
    if encoding:
        content = content.decode(encoding, "replace").encode()
    return table_json.rows_of(content, payload.name)


def _zipped(payload: Payload, start: bytes, sheet: str, is_member: bool) -> Table:
    """Return the table of a workbook, or the one that a zip holds."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(_whole(payload)))
        if workbooks.is_workbook(archive):
            return Table(*workbooks.rows_in(archive, payload.name, sheet))
    except zips.BROKEN as error:
        raise Malformed(f"{payload.name}: a broken ZIP archive: {error!s:.100}") from None
    if form := other_forms.named(start):
        raise Malformed(f"{payload.name}: {form}; {other_forms.ACCEPTED}")
    if is_member:
        raise Malformed(f"{payload.name}: a ZIP archive within another; {other_forms.ACCEPTED}")
    member = zips.only_table(archive, payload.name)
    held = replace(
        payload,
        name=f"{payload.name}: {member.filename:.80}",
        open=lambda: io.BufferedReader(zips.Member(archive, member), _READ_BYTES),
    )
    return _load(held, sheet, is_member=True)


def _encoding_of_json(start: bytes) -> str | None:
    """Return the encoding of a document or of lines of JSON, an empty one for UTF-8; none if it is no JSON."""
    encoding = delimited.encoding_of(start[:_JSON_LOOKED_AT])
    text = start[:_JSON_LOOKED_AT].decode(encoding, "replace")
    if text.lstrip("\ufeff \t\r\n\x1e")[:1] not in ("[", "{"):
        return None
    return encoding if encoding.startswith("utf-16") else ""


def _unzipped(stream: BinaryIO, name: str) -> IO[bytes]:
    magic = _read(stream, 2, name)
    joined = io.BufferedReader(_Rejoined(magic, stream), _READ_BYTES)
    return io.BufferedReader(_Unpacked(joined), _READ_BYTES) if magic == GZIP else joined


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were read already."""

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        self._first = first
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # Any: a writable buffer has no public type in 3.11.
        data = self._first[: len(buffer)] or self._rest.read(len(buffer)) or b""
        self._first = self._first[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


class _Unpacked(io.RawIOBase):
    """What a gzip holds, up to a limit: a few megabytes can hold lawful rows for days of work."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._file = gzip.GzipFile(fileobj=packed)
        self._left = MOST_UNPACKED_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # Any: as above.
        count = self._file.readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise OSError(f"unpacks to more than {MOST_UNPACKED_BYTES:,} bytes")
        return count


class _Lined(io.RawIOBase):
    """A stream that refuses a line without an end, which a reader of lines would take in whole."""

    def __init__(self, rest: IO[bytes]) -> None:
        self._rest = rest
        self._length = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # Any: as above.
        data = self._rest.read(len(buffer))
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._length = len(data) - end - 1 if end >= 0 else self._length + len(data)
        if self._length > _LONGEST_LINE_BYTES:
            raise OSError(f"a line of more than {_LONGEST_LINE_BYTES:,} bytes")
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def opened(payload: Payload) -> Iterator[IO[bytes]]:
    """Open what a payload holds, unpacked; what is broken is found as it is read."""
    try:
        with payload.open() as stream:
            yield _unzipped(stream, payload.name)
    except (OSError, EOFError, zlib.error) as error:
        raise Malformed(f"{payload.name}: {error}") from None


def _read(stream: IO[bytes], most: int, name: str) -> bytes:
    try:
        return stream.read(most)
    except (OSError, EOFError, zlib.error) as error:
        raise Malformed(f"{name}: {error}") from None


def _whole(payload: Payload) -> bytes:
    with payload.open() as stream:
        content = _read(_unzipped(stream, payload.name), MOST_WHOLE_BYTES + 1, payload.name)
    if len(content) > MOST_WHOLE_BYTES:
        raise Malformed(f"{payload.name}: larger than {MOST_WHOLE_BYTES:,} bytes when unpacked")
    return content


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
    with payload.open() as stream:
        lined = io.BufferedReader(_Lined(_unzipped(stream, payload.name)), _READ_BYTES)
        try:
            for piece in pieces(texts(lined, layout, above), layout.delimiter, width):
                yield Grid(piece, width, layout.delimiter, short)
        except (OSError, EOFError, zlib.error, UnicodeError) as error:
            raise Malformed(f"{payload.name}: {error}") from None
