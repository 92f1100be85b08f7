"""
[p] A message of protocol buffers taken apart into its entities, so that memory holds one of them at a time.

An entity of two bytes becomes a hundred in memory: tens of megabytes of them would become gigabytes. The library
lays out all of a message before anything of it can be counted; here counting ends at the limit.
Source: https://protobuf.dev/programming-guides/encoding/
"""

from typing import Final

from google.protobuf.message import DecodeError

#: The number and wire type of FeedMessage.entity.
_ENTITY: Final = (2 << 3) | 2
_VARINT, _EIGHT_BYTES, _SIZED, _FOUR_BYTES = 0, 1, 2, 5
_FIXED: Final = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}
_LONGEST: Final = 10


def parted(content: bytes, most: int) -> tuple[bytes, list[bytes]]:
    """
    Part a FeedMessage into what is not an entity, still a message, and its entities, at most `most` and one more.

    Raises: DecodeError if it is no message.
    """
    rest, entities, at = bytearray(), list[bytes](), 0
    while at < len(content) and len(entities) <= most:
        begins = at
        tag, at = _varint(content, at)
        if tag & 7 == _SIZED:
            size, at = _varint(content, at)
            ends = at + size
        elif tag & 7 == _VARINT:
            ends = _varint(content, at)[1]
        elif tag & 7 in _FIXED:
            ends = at + _FIXED[tag & 7]
        else:
            raise DecodeError(f"wire type {tag & 7} at byte {begins}")
        if ends > len(content):
            raise DecodeError(f"it breaks off in the field at byte {begins}")
        if tag == _ENTITY:
            entities.append(content[at:ends])
        else:
            rest += content[begins:ends]
        at = ends
    return bytes(rest), entities


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Read a number and where it ends."""
    number = 0
    for place in range(_LONGEST):
        if at + place >= len(content):
            break
        byte = content[at + place]
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return number, at + place + 1
    raise DecodeError(f"no number at byte {at}")
