"""
Keep every raw payload a publisher sent, once by its content, compressed, whether or not it parses.

A payload lies at `payloads/ab/cd/<sha256>.zst` under the storage folder. Writing is whole or not at all
(a file of its own is renamed into place), and keeping the same content twice keeps it once.
"""

import io
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast
from uuid import UUID

import zstandard
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.db import Transaction
from shared.feeds.models import Payload, RunPayload
from shared.settings import get_settings

FOLDER = "payloads"
#: Level 1 shrinks what was recorded of feeds to 16.5%; level 3 to 15.8%, and takes half as long again and 4 MiB more.
LEVEL = 1
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A payload as it lies in the archive; `path` is relative to the storage folder."""

    sha256: str
    size_bytes: int
    stored_bytes: int
    path: str


@dataclass(frozen=True, slots=True)
class Read:
    """One payload that a run read, in the words of `feed_run_payloads`."""

    kept: Kept
    name: str
    url: str
    http_status: int
    media_type: str
    fetched_at: datetime


class Archive:
    """The raw payloads under one storage folder."""

    def __init__(self, root: Path | None = None) -> None:
        self._root = root or get_settings().storage_dir

    def keep(self, source: Path, sha256: str, size_bytes: int) -> None:
        """
        Store the content of `source`, whose sha256 is known, unless it is here already; waits for the disk.

        Raises: OSError when it cannot be read or written.
        """
        place = self._root / path_of(sha256)
        if place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_suffix(f".{secrets.token_hex(4)}.part")
        try:
            _compress(source, part, size_bytes)
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)

    def kept(self, sha256: str, size_bytes: int) -> Kept:
        """Describe a payload that is here."""
        relative = path_of(sha256)
        return Kept(sha256, size_bytes, (self._root / relative).stat().st_size, relative)

    def holds(self, sha256: str) -> bool:
        """Tell whether a payload's bytes are here; old ones are dropped by the retention rules."""
        return (self._root / path_of(sha256)).exists()

    def open(self, sha256: str) -> BinaryIO:
        """
        Open a payload, decompressed, from its start.

        Raises: FileNotFoundError when it was dropped.
        """
        raw = (self._root / path_of(sha256)).open("rb")
        reader = zstandard.ZstdDecompressor().stream_reader(raw, closefd=True)
        # The reader is a raw stream without `peek` and lines; the buffer gives what parsers expect.
        return io.BufferedReader(cast("io.RawIOBase", reader), CHUNK_BYTES)

    def drop(self, sha256: str) -> None:
        """Remove a payload's bytes; what is not there is already removed."""
        (self._root / path_of(sha256)).unlink(missing_ok=True)


def path_of(sha256: str) -> str:
    """Return where a payload lies, relative to the storage folder."""
    return f"{FOLDER}/{sha256[:2]}/{sha256[2:4]}/{sha256}.zst"


def record_payloads(tx: Transaction, run_id: UUID, reads: Sequence[Read]) -> None:
    """Write which payloads a run read, in their order; what is written already stays as it is."""
    if not reads:
        return
    kept = {read.kept.sha256: read for read in reads}
    tx.execute(
        upsert(Payload).on_conflict_do_nothing(),
        [
            {
                "sha256": sha256,
                "size_bytes": read.kept.size_bytes,
                "stored_bytes": read.kept.stored_bytes,
                "media_type": read.media_type,
                "path": read.kept.path,
            }
            # Sorted, so that two runs that share payloads take their locks in one order.
            for sha256, read in sorted(kept.items())
        ],
    )
    tx.execute(
        upsert(RunPayload).on_conflict_do_nothing(),
        [
            {
                "run_id": run_id,
                "position": position,
                "name": read.name,
                "url": read.url,
                "sha256": read.kept.sha256,
                "http_status": read.http_status,
                "media_type": read.media_type,
                "fetched_at": read.fetched_at,
            }
            for position, read in enumerate(reads)
        ],
    )


def _compress(source: Path, part: Path, size_bytes: int) -> None:
    """Write a compressed copy and wait for the disk: a committed row must not name a lost file."""
    with source.open("rb") as raw, part.open("xb") as stored:
        zstandard.ZstdCompressor(level=LEVEL).copy_stream(
            raw, stored, size=size_bytes, read_size=CHUNK_BYTES, write_size=CHUNK_BYTES
        )
        stored.flush()
        os.fsync(stored.fileno())
