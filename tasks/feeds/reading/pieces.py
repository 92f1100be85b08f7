"""
[p] A text table in pieces: whole rows as bytes, whose cells end with one mark and which end with another.

The marks are those that ASCII has for it. A row without quotes is one already but for them: most of a file
is never taken apart, and what is done with its cells is done with all of a piece at once.
"""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Final, NamedTuple, TypeAlias

import numpy as np

from tasks.feeds.reading.delimited import MENDED, Layout

CELL: Final = "\x1f"
ROW: Final = "\x1e"
_NEWLINE, _RETURN = b"\n\r"
#: Bytes of a piece: some thousand rows.
PIECE_BYTES: Final = 384 * 1024
#: No row whose quotes go on from line to line is longer; until its end is found it is read again with each piece.
LONGEST_ROW_BYTES: Final = 1024 * 1024
#: From so many lines and columns on, a quoted cell that holds rows of the table began with a quote that nobody meant.
_FEWEST_LINES: Final = 4
_FEWEST_COLUMNS: Final = 4
_ENDLESS: Final = "its quotes do not end"

Odd: TypeAlias = list[str] | csv.Error
"""Cells that hold a mark themselves, or why a row is none."""


class Piece(NamedTuple):
    """Rows that follow each other, in UTF-8; an empty one stands for each that is `odd`, by its place among them."""

    data: bytes
    odd: Mapping[int, Odd]


def pieces(texts: Iterable[bytes], delimiter: str, width: int) -> Iterator[Piece]:
    """
    Yield whole lines of UTF-8 as pieces; a row whose quotes are open at the end of one begins the next.

    A quote that nothing ends costs the line it stands in, and no line after it.

    Raises: OSError for a row that does not end.
    """
    marks = bytes.maketrans(delimiter.encode() + b"\n", (CELL + ROW).encode())
    held = b""
    for text in texts:
        data = held + text if held else text
        if b'"' in data or CELL.encode() in data or ROW.encode() in data:
            piece, held = _quoted(data.decode(), delimiter, width, is_last=False)
            if len(held) > LONGEST_ROW_BYTES:
                raise OSError(f"a row of more than {LONGEST_ROW_BYTES:,} bytes")
            yield piece
        else:
            held = b""
            marked = (data if _ends_twice(data) else _with_newlines(data)).translate(marks, b"\r")
            # The last line of a file may have no end.
            yield Piece(marked if marked.endswith(ROW.encode()) else marked + ROW.encode(), {})
    if held:
        yield _quoted(held.decode(), delimiter, width, is_last=True)[0]


def _ends_twice(data: bytes) -> bool:
    """Tell whether each `\\r` goes before a `\\n`."""
    octets = np.frombuffer(data, dtype=np.uint8)
    at = np.flatnonzero(octets == _RETURN)
    return not len(at) or (int(at[-1]) + 1 < len(data) and bool((octets[at + 1] == _NEWLINE).all()))


def _with_newlines(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _quoted(text: str, delimiter: str, width: int, *, is_last: bool) -> tuple[Piece, bytes]:
    """Mark rows of which some are quoted; returns also the beginning of one that does not end here."""
    lines = _Lines(text)
    rows: list[Odd] = []
    reader = _rows(lines, delimiter)
    while (row := next(reader, None)) is not None:
        if lines.ran_out and not is_last:
            return _marked(rows, text), text[lines.begun :].encode()
        if lines.ran_out or (width >= _FEWEST_COLUMNS and lines.hold_rows(delimiter, width)):
            row = csv.Error(_ENDLESS)
            lines.keep_one()
            reader = _rows(lines, delimiter)
        rows.append(row)
        lines.begin_row()
    return _marked(rows, text), b""


def _rows(lines: Iterator[str], delimiter: str) -> Iterator[Odd]:
    while True:
        reader = csv.reader(lines, delimiter=delimiter)
        try:
            yield from reader
        except csv.Error as error:
            yield error
        else:
            return


def _marked(rows: Sequence[Odd], text: str) -> Piece:
    odd: dict[int, Odd] = {}
    has_marks = CELL in text or ROW in text
    written: list[str] = []
    for at, row in enumerate(rows):
        if isinstance(row, csv.Error) or (has_marks and _has_marks(row)):
            written.append("")
            if not _is_blank(row):
                odd[at] = row
        else:
            written.append(CELL.join(row))
    return Piece(ROW.join([*written, ""]).encode(), odd)


def _has_marks(row: Sequence[str]) -> bool:
    return any(CELL in cell or ROW in cell for cell in row)


def _is_blank(row: Odd) -> bool:
    """Tell whether a row is none: to Python a mark is a blank."""
    return not isinstance(row, csv.Error) and len(row) == 1 and not row[0].strip()


class _Lines:
    """The lines of a text with their ends, as `csv` wants them; knows those of the row in hand."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self._taken: list[str] = []
        #: Where the row in hand begins.
        self.begun = 0
        #: A line was asked for when there was none any more.
        self.ran_out = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._lines.readline()
        if not line:
            self.ran_out = True
            raise StopIteration
        self._taken.append(line)
        return line

    def begin_row(self) -> None:
        """Let the next line begin a row."""
        self.begun = self._lines.tell()
        self._taken.clear()

    def keep_one(self) -> None:
        """Give back all lines of the row in hand but its first."""
        self._lines.seek(self.begun + len(self._taken[0]))
        self.ran_out = False

    def hold_rows(self, delimiter: str, width: int) -> bool:
        """Tell whether most lines of the row in hand, but its first and last, have the cells of a row themselves."""
        if len(self._taken) < _FEWEST_LINES:
            return False
        inner = self._taken[1:-1]
        return sum(line.count(delimiter) == width - 1 for line in inner) * 2 > len(inner)


def texts(stream: IO[bytes], layout: Layout, above: int) -> Iterator[bytes]:
    """
    Yield a file without its first `above` lines and without NULs, as whole lines of UTF-8.

    Raises: OSError, EOFError, zlib.error as the stream does; UnicodeError.
    """
    parts = _plain(stream) if layout.encoding.startswith("utf-8") else _encoded(stream, layout.encoding)
    for number, part in enumerate(parts):
        if told := (_without_lines(part, above) if number == 0 else part).replace(b"\0", b""):
            yield told


def _without_lines(part: bytes, above: int) -> bytes:
    lines = io.StringIO(part.removeprefix(BOM_UTF8).decode(), newline="")
    for _ in range(above):
        lines.readline()
    return lines.read().encode()


def _plain(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while more := stream.read(PIECE_BYTES):
        rest += more
        # A `\r` that is the last byte may be half of a line's end.
        end = max(rest.rfind(b"\n"), rest.rfind(b"\r", 0, -1)) + 1
        if end:
            yield _in_utf8(rest[:end])
            rest = rest[end:]
    if rest:
        yield _in_utf8(rest)


def _in_utf8(data: bytes) -> bytes:
    """Mend single bytes that are no UTF-8."""
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            return data.decode("utf-8", MENDED).encode()
    return data


def _encoded(stream: IO[bytes], encoding: str) -> Iterator[bytes]:
    decoded = io.TextIOWrapper(stream, encoding, MENDED, newline="")
    while lines := decoded.readlines(PIECE_BYTES):
        yield "".join(lines).encode()
