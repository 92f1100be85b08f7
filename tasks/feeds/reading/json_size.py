"""[p] What a JSON document would cost, told by its bytes before it is read: how deep it is, and how much it holds."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Levels: those who read a document go down it, and nothing of a city is a tenth as deep.
MOST_LEVELS: Final = 100
#: Lists and objects, and values: ten bytes of text become hundreds in memory.
MOST_NESTS: Final = 5_000_000
MOST_VALUES: Final = 20_000_000
TOO_DEEP: Final = f"more than {MOST_LEVELS} levels"
_AT_ONCE: Final = 1 << 18
_QUOTE: Final = ord('"')
_STEPS: Final = np.zeros(256, np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1
_IS_MARK: Final = _STEPS != 0
_IS_MARK[list(b',"')] = True


class Marks(NamedTuple):
    """Brackets, braces and commas outside of texts: their places in the document, and how many are open behind each."""

    places: NDArray[np.int64]
    bytes: NDArray[np.uint8]
    levels: NDArray[np.int64]

    def only(self, which: NDArray[np.bool_] | slice) -> "Marks":
        """Return some of them."""
        return Marks(self.places[which], self.bytes[which], self.levels[which])


class Nesting:
    """Follows a document block by block; what a block ends within, the next goes on with."""

    def __init__(self) -> None:
        self.level = self.deepest = 0
        self.is_text = False
        self._read = 0
        self._held = b""

    def marks(self, block: bytes) -> Marks:
        """Return the marks of the next block, wherever it is cut."""
        plain = (self._held + block).replace(rb"\\", b"  ")
        # What the last backslash stands before is not known yet.
        self._held = plain[-1:] if plain.endswith(b"\\") else b""
        part = np.frombuffer(plain.replace(rb"\"", b"  "), np.uint8)[: len(plain) - len(self._held)]
        places = np.flatnonzero(_IS_MARK[part])
        marks = part[places]
        is_quote = marks == _QUOTE
        texts = np.logical_xor.accumulate(is_quote) ^ self.is_text
        if texts.size:
            self.is_text = bool(texts[-1])
        is_outside = ~(texts | is_quote)
        marks = marks[is_outside]
        levels = np.cumsum(_STEPS[marks], dtype=np.int64) + self.level
        if levels.size:
            self.deepest, self.level = max(self.deepest, int(levels.max())), int(levels[-1])
        found = Marks(places[is_outside] + self._read, marks, levels)
        self._read += part.size
        return found


def too_much(content: bytes) -> str | None:
    """Return why a document is not to be read, or nothing."""
    nests = content.count(b"[") + content.count(b"{")
    if nests > MOST_NESTS:
        return f"more than {MOST_NESTS:,} lists and objects"
    if content.count(b",") > MOST_VALUES:
        return f"more than {MOST_VALUES:,} values"
    return TOO_DEEP if nests > MOST_LEVELS and _levels(content) > MOST_LEVELS else None


def _levels(content: bytes) -> int:
    """Return the most brackets that are open at once; those within texts are none."""
    nesting = Nesting()
    for first in range(0, len(content), _AT_ONCE):
        nesting.marks(content[first : first + _AT_ONCE])
    return nesting.deepest
