"""[p] The encoding, the delimiter and the rows of a text file."""

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final, TypeAlias

from tasks.feeds.connector import Malformed
from tasks.feeds.reading import headers

SNIFFED_BYTES: Final = 256 * 1024
#: The error handler that reads single bytes that are no UTF-8 as Windows-1252.
MENDED: Final = "citypulse-cp1252"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINES_AT_ONCE: Final = 1_000
_BIG5: Final = "big5hkscs"
#: First bytes of its common characters, and of punctuation.
_BIG5_COMMON: Final = range(0xA1, 0xC7)
_BIG5_FEWEST: Final = 10

Raw: TypeAlias = str | list[str] | csv.Error
"""A row as it lies in the file: a line to split at its delimiters, cells that quotes held, or why it is none."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the file is written; `above` is how many rows stand above its header."""

    encoding: str
    delimiter: str
    above: int = 0


def _mend(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", "replace"), error.end


codecs.register_error(MENDED, _mend)


def layout(start: bytes, name: str) -> Layout:
    """
    Find encoding, delimiter and header from the beginning of a file.

    Raises: Malformed if it is no text, or markup instead of a table.
    """
    encoding = next((encoding for bom, encoding in _BOMS if start.startswith(bom)), "") or _without_bom(start)
    try:
        text = start.decode(encoding, MENDED)
    except UnicodeError as error:
        raise Malformed(f"{name}: no text: {error!s:.100}") from None
    if not text.strip() or "\0" in text:
        raise Malformed(f"{name}: {'empty' if not text.strip() else 'no text'}")
    if text.lstrip().startswith("<"):
        raise Malformed(f"{name}: markup instead of a table: {text.strip()[:60]!r}")
    delimiter, above = headers.find(text)
    return Layout(encoding, delimiter, above)


def _without_bom(start: bytes) -> str:
    """UTF-8 if nearly all of it is; Big5 if it is clearly that; else Windows-1252, which reads anything."""
    wrong = len(start.decode("utf-8", "replace")) - len(start.decode("utf-8", "ignore"))
    if wrong <= 4 or wrong * 200 < len(start):
        return "utf-8"
    return _BIG5 if _is_big5(start) else "cp1252"


def _is_big5(start: bytes) -> bool:
    """Tell it by its common characters: accented letters, read so, would be rare ones, and signs a few over and over."""
    try:
        text = codecs.getincrementaldecoder(_BIG5)().decode(start)
    except UnicodeDecodeError:
        return False
    counted = Counter(character for character in text if character > "\x7f")
    common = sum(times for character, times in counted.items() if character.encode(_BIG5)[0] in _BIG5_COMMON)
    return len(counted) >= _BIG5_FEWEST and common * 10 >= counted.total() * 7


def raw_rows(lines: Iterator[str], delimiter: str) -> Iterator[list[Raw]]:
    """
    Yield rows in the order of the file, some at a time; blank lines are none.

    A line without a quote is a row by itself, and is left as it is: splitting it gives what `csv.reader` does.
    """
    longest = csv.field_size_limit()
    while part := list(islice(lines, _LINES_AT_ONCE)):
        text = "".join(part)
        if '"' in text or (len(text) > longest and max(map(len, part)) > longest):
            rows = list(_quoted(part, lines, delimiter, longest))
        elif "\r" in text:
            rows = [line.rstrip("\r\n") for line in part]
        else:
            rows = list(text.split("\n"))
        yield [row for row in rows if row.__class__ is not str or delimiter in row or row.strip()]


def _quoted(part: list[str], more: Iterator[str], delimiter: str, longest: int) -> Iterator[Raw]:
    """Read the rows that begin in `part`; a quoted cell may go on behind the lines at hand."""
    mine = iter(part)
    lines = chain(mine, more)
    for line in mine:
        if '"' not in line and len(line) <= longest:
            yield line.rstrip("\r\n")
            continue
        try:
            row = next(csv.reader(chain([line], lines), delimiter=delimiter))
        except csv.Error as error:
            yield error
        else:
            if len(row) > 1 or (row and row[0].strip()):
                yield row
