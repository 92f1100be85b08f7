"""[p] Columns of text to the fields that COPY reads, without a step of ours for each cell wherever that can be."""

from collections.abc import Callable, Sequence
from operator import add
from typing import Final

import orjson

from tasks.feeds.bulk_times import NEVER
from tasks.feeds.store_binary import EIGHT, LENGTHS, NULL, clean, packed, words

#: Of a column with fewer different words than one in so many cells each word is written once.
_REPEATED: Final = 4
_CONTROLS: Final = bytes({*range(32)} - {9, 10, 13})
_LONGEST: Final = len(LENGTHS) - 1


def texts(column: Sequence[str], blank: bytes = NULL) -> list[bytes]:
    """
    Write each cell without the blanks around it, `blank` where nothing else is there.

    Raises: UnicodeEncodeError for half a character.
    """

    def write(cell: str) -> bytes:
        stripped = cell.strip()
        return words(stripped) if stripped else blank

    distinct = set(column)
    if len(distinct) * _REPEATED <= len(column):
        return by_word(column, distinct, write)
    stripped = list(map(str.strip, column))
    written = "\0".join(stripped).encode()
    # What has control characters is written with care, cell by cell.
    if len(written.translate(None, _CONTROLS)) + len(stripped) - 1 != len(written):
        return list(map(write, column))
    cells = written.split(b"\0")
    sizes = list(map(len, cells))
    if max(sizes) > _LONGEST:
        return list(map(write, column))
    lengths = (blank, *LENGTHS[1:])
    return list(map(add, map(lengths.__getitem__, sizes), cells))


def by_word(column: Sequence[str], distinct: set[str], write: Callable[[str], bytes]) -> list[bytes]:
    """Write each different word of a column once."""
    fields = {word: write(word) for word in distinct}
    return list(map(fields.__getitem__, column))


def ids(column: Sequence[str]) -> list[bytes]:
    """Write ids, which are clean already."""
    cells = "\0".join(column).encode().split(b"\0")
    sizes = list(map(len, cells))
    return (
        list(map(add, map(LENGTHS.__getitem__, sizes), cells))
        if max(sizes) <= _LONGEST
        else list(map(words, column))
    )


def members(name: str, column: Sequence[str]) -> list[bytes]:
    """Write each cell as a member of a JSON object, a comma before it; a blank one is none."""
    key = b"," + orjson.dumps(name) + b":"

    def write(cell: str) -> bytes:
        return key + orjson.dumps(clean(cell)) if cell and not cell.isspace() else b""

    distinct = set(column)
    return by_word(column, distinct, write)


def moments(column: Sequence[int]) -> list[bytes]:
    """Write moments that Postgres counts."""
    if NEVER in column:
        return [NULL if moment == NEVER else EIGHT + packed(moment) for moment in column]
    return [EIGHT + moment for moment in map(packed, column)]
