"""[p] The encoding and the delimiter of a text file."""

import codecs
from collections import Counter
from dataclasses import dataclass
from typing import Final

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
_BIG5: Final = "big5hkscs"
#: First bytes of its common characters, and of punctuation.
_BIG5_COMMON: Final = range(0xA1, 0xC7)
_BIG5_FEWEST: Final = 10


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
