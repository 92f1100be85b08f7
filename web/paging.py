"""[p] A cursor for lists ordered by one number or id: opaque to whoever holds it, checked when it comes back."""

import base64
import binascii
from uuid import UUID

from shared.errors import FieldProblem, Invalid

_MARK = "n:"
_ID_BITS = 128


def encode(place: int | None) -> str | None:
    """Write the place after which the next page begins; none stays none."""
    if place is None:
        return None
    return base64.urlsafe_b64encode(f"{_MARK}{place}".encode()).decode().rstrip("=")


def decode(cursor: str | None, bits: int = 63) -> int | None:
    """
    Read a cursor whose place has so many bits.

    Raises: Invalid naming the field for anything that is no cursor of ours.
    """
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        if not text.startswith(_MARK) or not text.removeprefix(_MARK).isascii():
            raise ValueError(text)
        place = int(text.removeprefix(_MARK))
    except (ValueError, binascii.Error):
        raise _refusal() from None
    if not 0 <= place < 1 << bits:
        raise _refusal()
    return place


def encode_id(place: UUID | None) -> str | None:
    """Write the id after which the next page begins; none stays none."""
    return encode(place.int if place else None)


def decode_id(cursor: str | None) -> UUID | None:
    """Read a cursor that is an id; raises as `decode` does."""
    place = decode(cursor, _ID_BITS)
    return None if place is None else UUID(int=place)


def _refusal() -> Invalid:
    return Invalid("this is no cursor of ours", FieldProblem("cursor", "cursor", "take it from `next`"))
