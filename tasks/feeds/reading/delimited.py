"""[p] The encoding and the delimiter of a text file."""

import codecs
from dataclasses import dataclass
from typing import Final

from tasks.feeds.connector import Malformed
from tasks.feeds.reading import encodings, headers, other_forms

SNIFFED_BYTES: Final = 256 * 1024
#: The error handler that reads single bytes that are no UTF-8 as Windows-1252.
MENDED: Final = "citypulse-cp1252"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FEWEST_ZEROS: Final = 8


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
    if form := other_forms.named(start):
        raise Malformed(f"{name}: {form}; {other_forms.ACCEPTED}")
    encoding = encoding_of(start)
    try:
        text = start.decode(encoding, MENDED)
    except UnicodeError as error:
        raise Malformed(f"{name}: no text: {error!s:.100}") from None
    if not other_forms.is_text(text):
        raise Malformed(f"{name}: no text; {other_forms.ACCEPTED}")
    text = text.replace("\0", "")
    if not text.strip():
        raise Malformed(f"{name}: empty")
    if text.lstrip().startswith("<"):
        raise Malformed(f"{name}: markup instead of a table: {text.strip()[:60]!r}")
    delimiter, above = headers.find(text)
    return Layout(encoding, delimiter, above)


def encoding_of(start: bytes) -> str:
    """Return the encoding of a text by its beginning: its mark, else what fits."""
    marked = next((encoding for bom, encoding in _BOMS if start.startswith(bom)), None)
    return marked or _of_pairs(start) or _without_bom(start)


def _of_pairs(start: bytes) -> str | None:
    """Tell UTF-16 without its mark: a byte of each pair is nearly always zero where letters, digits and marks are Latin."""
    pairs = len(start) // 2
    first, second = start[: pairs * 2 : 2].count(0), start[1 : pairs * 2 : 2].count(0)
    if max(first, second) < max(_FEWEST_ZEROS, pairs / 10) or min(first, second) * 20 > max(first, second):
        return None
    return "utf-16-le" if second > first else "utf-16-be"


def _without_bom(start: bytes) -> str:
    """UTF-8 if nearly all of it is, else what fits."""
    wrong = len(start.decode("utf-8", "replace")) - len(start.decode("utf-8", "ignore"))
    return "utf-8" if wrong <= 4 or wrong * 200 < len(start) else encodings.fitting(start)
