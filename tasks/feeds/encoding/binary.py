"""
[p] Fields of a line in COPY's binary format: a length of four bytes, then the value as Postgres keeps it.

Half the work of the database is reading numbers, moments and ids from text; here it reads none.
Source: https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9.4 (binary format).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from struct import Struct
from typing import Any, Final
from uuid import UUID

import orjson

NULL: Final = b"\xff\xff\xff\xff"
#: What the stream of a COPY begins and ends with.
BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END: Final = b"\xff\xff"
TRUE: Final = b"\x00\x00\x00\x01\x01"
FALSE: Final = b"\x00\x00\x00\x01\x00"
#: Lengths that are written already, by themselves.
LENGTHS: Final = tuple(n.to_bytes(4, "big") for n in range(4096))

#: No moment, among those that Postgres counts; sorts before every other.
NEVER: Final = -(2**62)
EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SORTED: Final = orjson.OPT_SORT_KEYS
#: Postgres holds no NUL; nobody wants to read the other control characters.
CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BIGINT: Final = Struct(">iq")
_INTEGER: Final = Struct(">ii")
_REAL: Final = Struct(">id")
_POINT: Final = Struct(">idd")


def sized(value: bytes) -> bytes:
    """Write bytes as they are."""
    size = len(value)
    return (LENGTHS[size] if size < 4096 else size.to_bytes(4, "big")) + value


def words(value: str | None) -> bytes:
    """
    Write a text without its control characters.

    Raises: UnicodeEncodeError for half a character.
    """
    return NULL if value is None else sized(clean(value).encode())


def clean(value: str) -> str:
    """Take the control characters out of a text."""
    return value if value.isprintable() else CONTROLS.sub("", value)


def document(value: Any) -> bytes:  # Any: JSON.
    """
    Write JSON, keys sorted, for a column of `jsonb`.

    Raises: TypeError for what JSON has no form for.
    """
    if value is None:
        return NULL
    written = orjson.dumps(value, option=_SORTED)
    if b"\\u00" in written or b"\\b" in written or b"\\f" in written:
        written = orjson.dumps(_clean(value), option=_SORTED)
    return sized(b"\x01" + written)


def _clean(value: Any) -> Any:  # Any: JSON.
    """Take NUL and other control characters out of every text."""
    if isinstance(value, str):
        return CONTROLS.sub("", value)
    if isinstance(value, Mapping):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    return value


def microseconds(value: datetime) -> int:
    """Return how Postgres counts a moment: microseconds since the year 2000 in UTC."""
    since = value - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(value: datetime | None) -> bytes:
    """Write a moment."""
    return NULL if value is None else _BIGINT.pack(8, microseconds(value))


def bigint(value: int | None) -> bytes:
    """Write a whole number of 64 bits."""
    return NULL if value is None else _BIGINT.pack(8, value)


def integer(value: float | None) -> bytes:
    """Write a whole number of 32 bits; one that is not finite is unknown."""
    return NULL if value is None or not _is_finite(value) else _INTEGER.pack(4, int(value))


def real(value: float | None) -> bytes:
    """Write a number; one that is not finite is unknown."""
    return NULL if value is None or not _is_finite(value) else _REAL.pack(8, value)


def _is_finite(value: float) -> bool:
    return value == value and abs(value) != float("inf")


def point(place: tuple[float, float] | None) -> bytes:
    """Write a position."""
    return NULL if place is None else _POINT.pack(16, place[0], place[1])


def uuid(value: UUID) -> bytes:
    """Write an id."""
    return b"\x00\x00\x00\x10" + value.bytes
