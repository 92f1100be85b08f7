"""[p] Whole numbers, also as programs write them that hold every number with a fraction."""

import re
from typing import Final

_FRACTION: Final = re.compile(r"(?<=\d)\.0{1,9}", re.ASCII)


def whole(text: str) -> str:
    """Return a whole number as it should be written: `1.0` is 1; any other text stays as it is."""
    found = _FRACTION.search(text) if "." in text else None
    return text[: found.start()] if found and found.end() == len(text) else text
