"""Copy HTTP/1.1 bodies a piece at a time, whatever their length."""

import asyncio
from collections.abc import Awaitable, Callable

from deploy.local.wire import BadMessage

CHUNK_BYTES = 64 * 1024

Put = Callable[[bytes], Awaitable[None]]
"""Takes one piece; returns when the other side can take the next."""


def into(writer: asyncio.StreamWriter) -> Put:
    """Return what puts pieces into a connection, no faster than it takes them."""

    async def put(piece: bytes) -> None:
        writer.write(piece)
        await writer.drain()

    return put


async def copy_body(source: asyncio.StreamReader, put: Put, length: int | None) -> None:
    """Copy a body of a known length, or a chunked one."""
    if length is None:
        await copy_chunked(source, put)
    else:
        await copy_bytes(source, put, length)


async def copy_bytes(source: asyncio.StreamReader, put: Put, count: int) -> None:
    """
    Copy exactly so many bytes.

    Raises: EOFError when the source ends before.
    """
    while count:
        piece = await source.read(min(count, CHUNK_BYTES))
        if not piece:
            raise EOFError
        count -= len(piece)
        await put(piece)


async def copy_chunked(source: asyncio.StreamReader, put: Put) -> None:
    """Copy a chunked body as it is, with its trailer (RFC 9112, 7.1)."""
    size = -1
    while size:
        line = await source.readuntil(b"\r\n")
        try:
            size = int(line.split(b";", 1)[0], 16)
        except ValueError:
            raise BadMessage("malformed chunk") from None
        await put(line)
        if size:
            await copy_bytes(source, put, size + 2)
    while line != b"\r\n":
        line = await source.readuntil(b"\r\n")
        await put(line)


async def copy_until_end(source: asyncio.StreamReader, put: Put) -> None:
    """Copy until the source closes."""
    while piece := await source.read(CHUNK_BYTES):
        await put(piece)
