"""[p] A Parquet file as a table."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tasks.feeds.connector import Malformed
from tasks.feeds.reading.cells import Row, check_width, each_once

BEGINS: Final = b"PAR1"
#: Cells that are made at once.
_BATCH_CELLS: Final = 100_000
#: The most that all cells may say, in characters, each at least one: texts that are kept once may be said by every row.
MOST_SAID: Final = 2 * 1024 * 1024 * 1024
#: As of JSON: a list of a few bytes may have as many values as it likes.
MOST_LISTED: Final = 5_000_000


def rows_of(content: bytes, name: str) -> tuple[Sequence[str], Iterator[Row]]:
    """
    Return column names and rows.

    Raises: Malformed, naming the payload, if it is broken or of too many columns; while rows are read, too.
    """
    # Imported here: few workers ever meet the format, and it costs each its memory.
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content))
        texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        # Texts that are kept once stay so.
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content), read_dictionary=texts)
        names = [str(column) for column in file.schema_arrow.names]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise Malformed(f"{name}: no Parquet file: {error!s:.200}") from None
    check_width(len(names), name)
    if (listed := _listed(file)) > MOST_LISTED:
        raise Malformed(f"{name}: {listed:,} values in lists; {MOST_LISTED:,} are the most")
    # Imported here: as above.
    from tasks.feeds.reading import geoparquet

    read = geoparquet.readers((file.schema_arrow.metadata or {}).get(geoparquet.KEY), name)
    return each_once(names), _batches(file, [read.get(column, _texts) for column in names], name)


def _listed(file: Any) -> int:  # Any: pyarrow is untyped.
    """Return how many values stand in lists, of which a row may have any number."""
    parts = file.metadata
    listed = [at for at in range(parts.num_columns) if file.schema.column(at).max_repetition_level]
    return sum(
        parts.row_group(group).column(at).num_values for group in range(parts.num_row_groups) for at in listed
    )


def _batches(file: Any, reads: Sequence[Any], name: str) -> Iterator[Row]:  # Any: pyarrow is untyped.
    import pyarrow

    said = 0
    try:
        for batch in file.iter_batches(batch_size=max(1, _BATCH_CELLS // max(1, len(reads)))):
            columns = list(map(_cells, batch.columns, reads))
            said += sum(
                sum(len(cell) for cell in cells if isinstance(cell, str)) + len(cells) for cells in columns
            )
            if said > MOST_SAID:
                raise Malformed(f"{name}: cells of more than {MOST_SAID:,} characters")
            yield from zip(*columns, strict=True)
    # Moments within lists may be of no year, and zones may be none.
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, KeyError) as error:
        raise Malformed(f"{name}: broken Parquet file: {error!s:.200}") from None


def _cells(column: Any, read: Any) -> list[Any]:  # Any: as above.
    """Return the cells of a column; `read` makes of bytes what they mean."""
    import pyarrow

    kind = column.type
    if pyarrow.types.is_dictionary(kind):
        used = column.indices.unique().drop_null()
        values = dict(zip(used.to_pylist(), _cells(column.dictionary.take(used), read), strict=True))
        return list(map(values.get, column.indices.to_pylist()))
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
        cells = read(cells)
    return cells


def _is_text(kind: Any) -> bool:  # Any: as above.
    import pyarrow.types as types

    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
    )


def _moment(cell: Any) -> Any:  # Any: as above.
    """Return a moment, or the number of it as text, which is no time."""
    try:
        return cell.as_py()
    except (OverflowError, ValueError):
        return f"beyond all years: {cell.value}"


def _texts(cells: Sequence[bytes | None]) -> list[str | None]:
    return [None if cell is None else _text(cell) for cell in cells]


def _text(cell: bytes) -> str:
    """Return bytes as the text that they are, as older writers leave it, else as hexadecimal digits."""
    try:
        text = cell.decode()
    except UnicodeDecodeError:
        return cell.hex()
    return cell.hex() if "\0" in text else text
