"""
[p] Undo `Content-Encoding` chunk by chunk, so that a bomb costs no more memory than a chunk.

The caller counts what comes out and stops; nothing here ever holds more than a few chunks.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import IO, Final, TypeAlias, cast

import brotli
import zstandard

ACCEPTED: Final = "gzip, deflate, br, zstd"
CHUNK_BYTES: Final = 64 * 1024
#: RFC 9659: a zstd window for HTTP is at most 8 MB.
_ZSTD_WINDOW_BYTES: Final = 8 * 1024 * 1024
_MOST_ENCODINGS: Final = 2

Chunks: TypeAlias = Iterator[bytes]


class BadEncoding(ValueError):
    """Say that a body is not in the encoding it claims, or in one we did not ask for."""


def decoded(chunks: Chunks, content_encoding: str) -> Chunks:
    """
    Yield the body in chunks of some 64 KiB, with its encodings undone from the last applied to the first.

    Raises: BadEncoding if an encoding is unknown, the data are broken, or the body ends early.
    """
    names = [name.strip().lower() for name in content_encoding.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if len(names) > _MOST_ENCODINGS:
        raise BadEncoding(f"{len(names)} encodings on top of each other")
    for name in reversed(names):
        if name not in _DECODERS:
            raise BadEncoding(f"unknown encoding {name!r:.20}")
        chunks = _DECODERS[name](chunks)
    return chunks


def _gunzip(chunks: Chunks) -> Chunks:
    """Undo gzip of one or several members."""
    yield from _inflate(chunks, lambda: zlib.decompressobj(wbits=31))


def _deflate(chunks: Chunks) -> Chunks:
    """Undo deflate, in its zlib form or raw as some servers send it."""
    first = next(chunks, b"")
    zlib_form = len(first) >= 2 and first[0] & 0x0F == 8 and (first[0] << 8 | first[1]) % 31 == 0
    yield from _inflate(_after(first, chunks), lambda: zlib.decompressobj(wbits=15 if zlib_form else -15))


def _after(first: bytes, rest: Chunks) -> Chunks:
    yield first
    yield from rest


def _inflate(chunks: Chunks, make: Callable[[], "zlib._Decompress"]) -> Chunks:
    inflater, started = make(), False
    for chunk in chunks:
        data = chunk
        while data:
            if inflater.eof:
                # What follows is another member, or the padding of zeros that some servers add.
                if not data.strip(b"\0"):
                    break
                inflater = make()
            started = True
            try:
                out = inflater.decompress(data, CHUNK_BYTES)
            except zlib.error as error:
                raise BadEncoding(str(error)) from None
            data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            yield out
    yield from _rest(inflater)
    if started and not inflater.eof:
        raise BadEncoding("the compressed body ends early")


def _rest(inflater: "zlib._Decompress") -> Chunks:
    while not inflater.eof:
        try:
            out = inflater.decompress(inflater.unconsumed_tail, CHUNK_BYTES)
        except zlib.error as error:
            raise BadEncoding(str(error)) from None
        if not out:
            return
        yield out


def _unbrotli(chunks: Chunks) -> Chunks:
    inflater, started = brotli.Decompressor(), False
    for chunk in chunks:
        data, out = chunk, b"-"
        # It holds back output without saying so: ask until none comes.
        while (data or out) and not inflater.is_finished():
            started = True
            try:
                out = inflater.process(data, output_buffer_limit=CHUNK_BYTES)
            except brotli.error as error:
                raise BadEncoding(str(error)) from None
            data = b""
            yield out
    if started and not inflater.is_finished():
        raise BadEncoding("the compressed body ends early")


class _Reader:
    """Chunks as the file that zstandard wants to read from."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        """Return some bytes; none at the end."""
        if not self._left:
            self._left = next(self._chunks, b"")
        size = len(self._left) if size < 0 else size
        out, self._left = self._left[:size], self._left[size:]
        return out


def _unzstd(chunks: Chunks) -> Chunks:
    inflater = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    source = cast("IO[bytes]", _Reader(chunks))
    with inflater.stream_reader(source, read_across_frames=True, closefd=False) as reader:
        while True:
            try:
                out = reader.read(CHUNK_BYTES)
            except zstandard.ZstdError as error:
                raise BadEncoding(str(error)) from None
            if not out:
                return
            yield out


_DECODERS: Final[dict[str, Callable[[Chunks], Chunks]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _deflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
