"""
[p] Walk the blocks of PNG and GIF files by their lengths alone, decoding nothing.

Sources: PNG (W3C, third edition) sections 5.3 and 11.3; GIF89a specification, sections 17 to 23.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from shared.errors import Rejection

MAX_TEXT_BYTES = 1 << 20
MAX_CHUNKS = 10_000
_COMPRESSED = frozenset({b"zTXt", b"iTXt", b"iCCP"})


def png_notes(file: BinaryIO, size_bytes: int) -> Iterator[tuple[bytes, bytes]]:
    """
    Yield (name, body) of every chunk of a PNG that is not pixels, up to its end or the first nonsense.

    Nonsense after the pixels began is for the decoder to judge: most of them may be there.
    Raises: Rejection for a file cut short, a chunk that inflates beyond the limit, or too many chunks.
    """
    file.seek(8)
    name = b""
    for _ in range(MAX_CHUNKS):
        has_pixels = name == b"IDAT"
        head = file.read(8)
        length, name = struct.unpack(">I4s", head) if len(head) == 8 else (0, b"")
        if name == b"IEND" or (has_pixels and name and not name.isalpha()):
            return
        if not name.isalpha() or file.tell() + length > size_bytes:
            raise Rejection("truncated", "The picture is not whole: please send it again.")
        if name == b"IDAT":
            file.seek(length, 1)
        else:
            body = file.read(length)
            if name in _COMPRESSED and _inflates_beyond(name, body):
                raise Rejection("text_bomb", "The picture hides a note that swells far beyond its size.")
            yield name, body
        file.seek(4, 1)
    raise Rejection("too_many_chunks", "The picture is made of too many parts.")


def _inflates_beyond(name: bytes, body: bytes) -> bool:
    """Tell whether a chunk's text or profile is longer than the limit, inflating no more than that."""
    rest = body.partition(b"\0")[2]
    if name == b"iTXt":
        is_compressed, rest = rest[:1] == b"\x01", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        if not is_compressed:
            return len(rest) > MAX_TEXT_BYTES
    else:
        rest = rest[1:]
    try:
        return len(zlib.decompressobj().decompress(rest, MAX_TEXT_BYTES + 1)) > MAX_TEXT_BYTES
    except zlib.error:
        return False  # a damaged note is thrown away with all the others


def gif_frames(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield, for each frame of a GIF, how far it reaches from the corner, in pixels to the right and down."""
    at = 13 + _colour_table_bytes(data[10])
    while at < len(data):
        if data[at] == 0x21:
            at = _after_sub_blocks(data, at + 2)
        elif data[at] == 0x2C and at + 10 <= len(data):
            left, top, width, height = struct.unpack_from("<HHHH", data, at + 1)
            yield left + width, top + height
            at = _after_sub_blocks(data, at + 11 + _colour_table_bytes(data[at + 9]))
        else:
            return


def _colour_table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_sub_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
