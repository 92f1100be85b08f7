"""[p] The encoding, the delimiter and the rows of a text file."""

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

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


def rows(lines: Iterator[str], delimiter: str) -> Iterator[list[str] | csv.Error]:
    """
    Yield the cells of each row as `csv.reader` does, and in place of a row that it refuses its error.

    Lines without a quote are split as they are, which is four times as fast.
    """
    longest = csv.field_size_limit()
    while part := list(islice(lines, _LINES_AT_ONCE)):
        if any('"' in line or len(line) > longest for line in part):
            yield from _quoted(part, lines, delimiter)
        else:
            for line in part:
                row = line.rstrip("\r\n")
                yield row.split(delimiter) if row else []


def _quoted(part: list[str], more: Iterator[str], delimiter: str) -> Iterator[list[str] | csv.Error]:
    reader = csv.reader(chain(part, more), delimiter=delimiter)
    # A quoted cell may go on behind the lines at hand.
    while reader.line_num < len(part):
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield error
        else:
            yield row
