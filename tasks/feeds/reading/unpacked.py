"""[p] What a payload holds, unpacked as it is read: gzip is one habit of publishers, and bombs are another."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, BinaryIO, Final

from tasks.feeds.connector import GZIP, MOST_WHOLE_BYTES, Malformed, Payload

_READ_BYTES: Final = 256 * 1024
#: No record of a publisher is longer; a packed line of gigabytes fits into kilobytes.
_LONGEST_LINE_BYTES: Final = 8 * 1024 * 1024
#: The most that a packed table may unpack to: twice an export of a gigabyte. What comes plain is limited as it is fetched.
MOST_UNPACKED_BYTES: Final = 2 * 1024 * 1024 * 1024


@contextmanager
def opened(payload: Payload) -> Iterator[IO[bytes]]:
    """Open what a payload holds, unpacked; what is broken is found as it is read."""
    try:
        with payload.open() as stream:
            yield _unzipped(stream)
    except (OSError, EOFError, zlib.error) as error:
        raise Malformed(f"{payload.name}: {error}") from None


def beginning(payload: Payload, most: int) -> bytes:
    """Return at most so many first bytes of what a payload holds; raises Malformed if it is broken."""
    with opened(payload) as stream:
        return stream.read(most)


def whole(payload: Payload) -> bytes:
    """Return all that a payload holds; raises Malformed if it is broken, or more than is held at once."""
    content = beginning(payload, MOST_WHOLE_BYTES + 1)
    if len(content) > MOST_WHOLE_BYTES:
        raise Malformed(f"{payload.name}: larger than {MOST_WHOLE_BYTES:,} bytes when unpacked")
    return content


def lined(stream: IO[bytes]) -> IO[bytes]:
    """Return a stream whose reading raises OSError for a line without an end."""
    return buffered(_Lined(stream))


def buffered(raw: io.RawIOBase) -> io.BufferedReader:
    """Return a stream of which some is read ahead."""
    return io.BufferedReader(raw, _READ_BYTES)


def _unzipped(stream: BinaryIO) -> IO[bytes]:
    magic = stream.read(2)
    joined = buffered(_Rejoined(magic, stream))
    return buffered(_Unpacked(joined)) if magic == GZIP else joined


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were read already."""

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        self._first = first
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # Any: a writable buffer has no public type in 3.11.
        data = self._first[: len(buffer)] or self._rest.read(len(buffer)) or b""
        self._first = self._first[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


class _Unpacked(io.RawIOBase):
    """What a gzip holds, up to a limit: a few megabytes can hold lawful rows for days of work."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._file = gzip.GzipFile(fileobj=packed)
        self._left = MOST_UNPACKED_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # Any: as above.
        count = self._file.readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise OSError(f"unpacks to more than {MOST_UNPACKED_BYTES:,} bytes")
        return count


class _Lined(io.RawIOBase):
    """A stream that refuses a line without an end, which a reader of lines would take in whole."""

    def __init__(self, rest: IO[bytes]) -> None:
        self._rest = rest
        self._length = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # Any: as above.
        data = self._rest.read(len(buffer))
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._length = len(data) - end - 1 if end >= 0 else self._length + len(data)
        if self._length > _LONGEST_LINE_BYTES:
            raise OSError(f"a line of more than {_LONGEST_LINE_BYTES:,} bytes")
        buffer[: len(data)] = data
        return len(data)
