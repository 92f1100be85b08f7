"""[p] What a JSON document would cost, told by its bytes before it is read: how deep it is, and how much it holds."""

from typing import Final

import numpy as np

#: Levels: those who read a document go down it, and nothing of a city is a tenth as deep.
MOST_LEVELS: Final = 100
#: Lists and objects, and values: ten bytes of text become hundreds in memory.
MOST_NESTS: Final = 5_000_000
MOST_VALUES: Final = 20_000_000
_AT_ONCE: Final = 1 << 20


def too_much(content: bytes) -> str | None:
    """Return why a document is not to be read, or nothing."""
    nests = content.count(b"[") + content.count(b"{")
    if nests > MOST_NESTS:
        return f"more than {MOST_NESTS:,} lists and objects"
    if content.count(b",") > MOST_VALUES:
        return f"more than {MOST_VALUES:,} values"
    if nests > MOST_LEVELS and _levels(content) > MOST_LEVELS:
        return f"more than {MOST_LEVELS} levels"
    return None


def _levels(content: bytes) -> int:
    """Return the most brackets that are open at once; those within texts are none."""
    plain = content.replace(b"\\\\", b"").replace(b'\\"', b"")
    deepest = open_ = is_text = 0
    for first in range(0, len(plain), _AT_ONCE):
        part = np.frombuffer(plain, np.uint8, min(_AT_ONCE, len(plain) - first), first)
        texts = np.bitwise_xor.accumulate((part == ord('"')).astype(np.uint8)) ^ is_text
        is_text = int(texts[-1])
        # In ASCII a brace is the bracket of its side with one more bit.
        sides = (part | 0x20)[texts == 0]
        sides = sides[(sides == ord("{")) | (sides == ord("}"))]
        if sides.size:
            depths = np.cumsum(ord("|") - sides.astype(np.int64)) + open_
            deepest, open_ = max(deepest, int(depths.max())), int(depths[-1])
    return deepest
