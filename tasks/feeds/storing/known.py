"""Which rows of a feed's tables are stored as they were sent last, so that they need not be read again."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import numpy as np
from sqlalchemy import text

from shared.arrays import array_of
from shared.db import Transaction
from tasks.feeds.storing.keys import HashSet, Known
from tasks.feeds.storing.table import Writing

_HEAD_BYTES: Final = 19
_LINE: Final = np.dtype([("fields", ">i2"), ("size", ">i4"), ("hash", ">i8")])
#: Bytes that are taken together.
TAKEN_AT_ONCE: Final = 1 << 20


def known_rows(tx: Transaction, writing: Writing) -> Known | None:
    """
    Return the hashes of the feed's rows that are listed and were read by this parser, or none if there are none.

    A row that was observed in what was then the future is not among them: its time is still news.
    """
    has_any = text("SELECT 1 FROM features WHERE feed_id = :id AND source_hash IS NOT NULL LIMIT 1")
    if not tx.execute(has_any, {"id": writing.feed_id}).first():
        return None
    cursor: Any = tx.connection().connection.cursor()  # psycopg2's own, which knows COPY
    hashes = SentHashes()
    with cursor:
        query = cursor.mogrify(
            "SELECT source_hash FROM features WHERE feed_id = %s AND parser_version = %s"
            " AND source_hash IS NOT NULL AND missing_since IS NULL AND withdrawn_at IS NULL"
            " AND coalesce(observed_at <= fetched_at, true)",
            (str(writing.feed_id), writing.parser_version),
        ).decode()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", hashes)
    return Known(hashes.all())


def remember_sent(tx: Transaction, writing: Writing, hashes: Mapping[UUID, int]) -> None:
    """
    Note how features, by our ids, were sent and which parser read them, where both gave what is stored already.

    After another release or other options each row is read once more; without this note it would be for ever.
    """
    tx.execute(
        text(
            "UPDATE features f SET source_hash = k.hash, parser_version = :version"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:hashes AS bigint[])) AS k(id, hash)"
            " WHERE f.id = ANY(ARRAY[k.id])"
        ),
        {
            "version": writing.parser_version,
            "ids": array_of(map(str, hashes)),
            "hashes": array_of(hashes.values()),
        },
    )


class SentHashes:
    """Hashes as the file that psycopg2 writes them to; a feed may have millions, and few are held as they come."""

    def __init__(self) -> None:
        self._taken = HashSet()
        self._bytes = bytearray()
        self._begin = _HEAD_BYTES

    def write(self, data: bytes) -> None:
        """Take in bytes."""
        self._bytes += data
        if self.waiting >= TAKEN_AT_ONCE:
            self._take()

    @property
    def waiting(self) -> int:
        """Return how many bytes have come that are not taken yet."""
        return len(self._bytes)

    def _take(self) -> None:
        count = (len(self._bytes) - self._begin) // _LINE.itemsize
        lines = np.frombuffer(self._bytes, dtype=_LINE, offset=self._begin, count=count)
        self._taken.add_hashes(lines["hash"].astype(np.int64))
        self._bytes = self._bytes[self._begin + count * _LINE.itemsize :]
        self._begin = 0

    def all(self) -> HashSet:
        """Return all that were written."""
        self._take()
        return self._taken
