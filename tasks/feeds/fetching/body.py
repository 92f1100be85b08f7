"""Read the body of an answer into a file, decompressed, hashed and never more than allowed."""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import requests

from tasks.feeds.fetching.decoding import CHUNK_BYTES, decoded
from tasks.feeds.fetching.errors import FetchRefused


@dataclass(frozen=True, slots=True)
class Saved:
    """A body in a file: its size and sha256 are those after decompression."""

    path: Path
    size_bytes: int
    wire_bytes: int
    sha256: str


class _Wire:
    """The bytes as they travel, counted."""

    def __init__(self, response: requests.Response, max_bytes: int) -> None:
        self._raw = response.raw
        self._max_bytes = max_bytes
        self.count = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield what arrives, as it arrives."""
        while chunk := self._raw.read1(CHUNK_BYTES, decode_content=False):
            self.count += len(chunk)
            if self.count > self._max_bytes:
                raise _too_big(self._max_bytes)
            yield chunk


def _too_big(max_bytes: int) -> FetchRefused:
    return FetchRefused(f"the answer is larger than {max_bytes:,} bytes")


def save(response: requests.Response, into: Path, max_bytes: int) -> Saved:
    """
    Stream a body into a new file in the folder `into`; what fails leaves no file.

    Raises: FetchRefused if it is too big, on the wire or decompressed; BadEncoding.
    """
    declared = response.headers.get("Content-Length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:18]) > max_bytes:
        raise _too_big(max_bytes)
    with tempfile.NamedTemporaryFile(dir=into, prefix="fetch-", delete=False) as file:
        try:
            return _copy(response, file, max_bytes)
        except BaseException:
            Path(file.name).unlink()
            raise


def _copy(response: requests.Response, file: IO[bytes], max_bytes: int) -> Saved:
    wire = _Wire(response, max_bytes)
    digest, size = hashlib.sha256(), 0
    for chunk in decoded(wire.chunks(), response.headers.get("Content-Encoding", "")):
        size += len(chunk)
        if size > max_bytes:
            raise _too_big(max_bytes)
        digest.update(chunk)
        file.write(chunk)
    return Saved(Path(file.name), size, wire.count, digest.hexdigest())
