"""[p] A payload of any of the export forms as a table: column names and an iterator of rows."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence, Set
from itertools import chain, islice
from typing import IO, Any, BinaryIO, Final

from tasks.feeds.connector import GZIP, MOST_WHOLE_BYTES, Malformed, Payload
from tasks.feeds.reading import delimited, headers, other_forms, table_json
from tasks.feeds.reading.cells import Row, check_width
from tasks.feeds.reading.grid import Grid
from tasks.feeds.reading.pieces import pieces, texts

_PARQUET: Final = b"PAR1"
_BATCH_ROWS: Final = 5000
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


def load(payload: Payload) -> Table:
    """
    Return the column names and the rows, read as they are asked for.

    Raises: Malformed if the payload is no table; while rows are read, too.
    """
    with payload.open() as stream:
        start = _read(_unzipped(stream), delimited.SNIFFED_BYTES, payload.name)
    if start.startswith(_PARQUET):
        return _parquet(payload)
    if (encoding := _encoding_of_json(start)) is not None:
        content = _whole(payload)
        if encoding:
            content = content.decode(encoding, "replace").encode()
        return Table(*table_json.rows_of(content, payload.name))
    return _delimited(payload, start)


def _encoding_of_json(start: bytes) -> str | None:
    """Return the encoding of a document or of lines of JSON, an empty one for UTF-8; none if it is no JSON."""
    encoding = delimited.encoding_of(start[:_JSON_LOOKED_AT])
    text = start[:_JSON_LOOKED_AT].decode(encoding, "replace")
    if text.lstrip("\ufeff \t\r\n\x1e")[:1] not in ("[", "{"):
        return None
    return encoding if encoding.startswith("utf-16") else ""


def _unzipped(stream: BinaryIO) -> IO[bytes]:
    magic = stream.read(2)
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


def _read(stream: IO[bytes], most: int, name: str) -> bytes:
    try:
        return stream.read(most)
    except (OSError, EOFError, zlib.error) as error:
        raise Malformed(f"{name}: {error}") from None


def _whole(payload: Payload) -> bytes:
    with payload.open() as stream:
        content = _read(_unzipped(stream), MOST_WHOLE_BYTES + 1, payload.name)
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
    return Table([name.strip() for name in names], grids=grids)


def _grids(
    payload: Payload, layout: delimited.Layout, above: int, width: int, short: Set[int]
) -> Iterator[Grid]:
    with payload.open() as stream:
        lined = io.BufferedReader(_Lined(_unzipped(stream)), _READ_BYTES)
        try:
            for piece in pieces(texts(lined, layout, above), layout.delimiter, width):
                yield Grid(piece, width, layout.delimiter, short)
        except (OSError, EOFError, zlib.error, UnicodeError) as error:
            raise Malformed(f"{payload.name}: {error}") from None


def _parquet(payload: Payload) -> Table:
    # Imported here: few workers ever meet the format, and it costs each its memory.
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(_whole(payload)))
        names = [str(name) for name in file.schema_arrow.names]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise Malformed(f"{payload.name}: no Parquet file: {error!s:.200}") from None
    check_width(len(names), payload.name)
    return Table(names, _batches(file, payload.name))


def _batches(file: Any, name: str) -> Iterator[Row]:  # Any: pyarrow is untyped.
    import pyarrow

    try:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            yield from zip(*(_cells(column) for column in batch.columns), strict=True)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise Malformed(f"{name}: broken Parquet file: {error!s:.200}") from None


def _cells(column: Any) -> list[Any]:  # Any: as above.
    import pyarrow

    kind = column.type
    if pyarrow.types.is_timestamp(kind) and kind.unit == "ns":
        # A moment of ours has microseconds; what is finer cannot be told.
        column = column.cast(pyarrow.timestamp("us", kind.tz), safe=False)
    try:
        cells: list[Any] = column.to_pylist()
    except (OverflowError, ValueError):
        if not pyarrow.types.is_temporal(kind):
            raise
        return list(map(_moment, column))  # One is of a year that Python has not: all of them one by one.
    if pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind):
        return [None if cell is None else _text(cell) for cell in cells]
    return cells


def _moment(cell: Any) -> Any:  # Any: as above.
    """Return a moment, or the number of it as text, which is no time."""
    try:
        return cell.as_py()
    except (OverflowError, ValueError):
        return f"beyond all years: {cell.value}"


def _text(cell: bytes) -> str:
    """Return bytes as the text that they are, as older writers leave it, else as hexadecimal digits."""
    try:
        text = cell.decode()
    except UnicodeDecodeError:
        return cell.hex()
    return cell.hex() if "\0" in text else text
