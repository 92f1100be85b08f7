"""[p] Columns of text to the fields that COPY reads, without a step of ours for each cell wherever that can be."""

from collections.abc import Callable, Sequence
from operator import add
from typing import Final

import orjson

from tasks.feeds.encoding.binary import EIGHT, LENGTHS, NULL, clean, packed, words
from tasks.feeds.encoding.times import NEVER

#: Different words of a column that are remembered as they are written; a column of more has too many.
_REMEMBERED: Final = 3_000
_CONTROLS: Final = bytes({*range(32)} - {9, 10, 13})
_LONGEST: Final = len(LENGTHS) - 1


class Column:
    """
    Writes the cells of one column: each word once while they are few, all of a block at once when they are many.
    """

    def __init__(
        self, write: Callable[[str], bytes], at_once: Callable[[Sequence[str]], list[bytes] | None]
    ) -> None:
        self._write = write
        self._at_once = at_once
        self._words: dict[str, bytes] | None = {}

    def fields(self, cells: Sequence[str]) -> list[bytes]:
        """
        Return a field for each cell.

        Raises: UnicodeEncodeError for half a character.
        """
        known = self._words
        if known is not None:
            new = set(cells) - known.keys()
            if len(known) + len(new) <= _REMEMBERED:
                known.update((word, self._write(word)) for word in new)
                return list(map(known.__getitem__, cells))
            self._words = None
        return self._at_once(cells) or list(map(self._write, cells))


def texts(blank: bytes = NULL) -> Column:
    """Write a column of text without the blanks around each cell, `blank` where nothing else is there."""

    def write(cell: str) -> bytes:
        stripped = cell.strip()
        return words(stripped) if stripped else blank

    def at_once(cells: Sequence[str]) -> list[bytes] | None:
        return _joined(list(map(str.strip, cells)), blank)

    return Column(write, at_once)


def members(name: str) -> Column:
    """Write a column as members of JSON objects, a comma before each; a blank cell is none."""
    key = b"," + orjson.dumps(name) + b":"

    def write(cell: str) -> bytes:
        return key + orjson.dumps(clean(cell)) if cell and not cell.isspace() else b""

    return Column(write, lambda cells: None)


def ids(cells: Sequence[str]) -> list[bytes]:
    """Write ids, which are clean and not blank; raises as `Column` does."""
    return _joined(cells, NULL) or list(map(words, cells))


def _joined(cells: Sequence[str], blank: bytes) -> list[bytes] | None:
    """Write cells at once; none when one of them is long or has control characters, and needs to be looked at."""
    written = "\0".join(cells).encode()
    if len(written.translate(None, _CONTROLS)) + len(cells) - 1 != len(written):
        return None
    parts = written.split(b"\0")
    sizes = list(map(len, parts))
    if max(sizes) > _LONGEST:
        return None
    return list(map(add, map((blank, *LENGTHS[1:]).__getitem__, sizes), parts))


def moments(counts: Sequence[int]) -> list[bytes]:
    """Write moments that Postgres counts."""
    if NEVER in counts:
        return [NULL if count == NEVER else EIGHT + packed(count) for count in counts]
    return [EIGHT + moment for moment in map(packed, counts)]
