"""[p] Lines of JSON, and sequences of it."""

from collections.abc import Iterable
from typing import Any, Final

from tasks.feeds.connector import Malformed
from tasks.feeds.reading.documents import json_of

MARK: Final = b"\xef\xbb\xbf"
#: Parts the texts of a sequence (RFC 7464), as GDAL writes features (RFC 8142).
SEPARATOR: Final = b"\x1e"


def lines_of(content: bytes) -> list[bytes]:
    """Return the lines of a text that is held, without those that are blank."""
    lines = content.removeprefix(MARK).replace(SEPARATOR, b"\n").splitlines()
    return list(filter(None, map(bytes.strip, lines)))


def are_rows(lines: Iterable[bytes]) -> bool:
    """Tell whether the first lines of a text that is no JSON are rows: two or more, of which the first is an object."""
    first, *others = lines
    return bool(others) and isinstance(row_of(first), dict)


def row_of(line: bytes) -> Any:  # Any: JSON.
    """Return what stands in a line; one that is no JSON stays text."""
    try:
        return json_of(line, "line")
    except Malformed:
        return line.decode("utf-8", "replace")
