"""[p] The encoding, the delimiter and the rows of a text file."""

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final, TypeAlias

from tasks.feeds.connector import Malformed

SNIFFED_BYTES: Final = 256 * 1024
#: The error handler that reads single bytes that are no UTF-8 as Windows-1252.
MENDED: Final = "citypulse-cp1252"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINES_AT_ONCE: Final = 1_000
_DELIMITERS: Final = ",\t;|"

Raw: TypeAlias = str | list[str] | csv.Error
"""A row as it lies in the file: a line to split at its delimiters, cells that quotes held, or why it is none."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the file is written."""

    encoding: str
    delimiter: str


def _mend(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", "replace"), error.end


codecs.register_error(MENDED, _mend)


def layout(start: bytes, name: str) -> Layout:
    """
    Find encoding and delimiter from the beginning of a file.

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
    header = text.lstrip("\r\n").splitlines()[0]
    counted = Counter(character for character in header if character in _DELIMITERS)
    return Layout(encoding, counted.most_common(1)[0][0] if counted else ",")


def _without_bom(start: bytes) -> str:
    """UTF-8 if nearly all of it is; else Windows-1252, which reads anything."""
    wrong = len(start.decode("utf-8", "replace")) - len(start.decode("utf-8", "ignore"))
    return "utf-8" if wrong <= 4 or wrong * 200 < len(start) else "cp1252"


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
